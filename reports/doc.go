// Package reports presents a stored run to people and to other programs. It reads only the run's
// history, result and transactions, so a report can be written again at any time, with the same output.
//
// [Write] is the main function: it writes plots as SVG and PNG, report.html, timeline.html and
// junit.xml into the run's folder. [Summary] returns a screenful of text for the terminal.
//
// This package has the pages, the summaries for terminals, the JUnit file and the annotations. What they
// show comes from below, where each package knows only those that follow it:
//
//	internal/timeline   the page of the timeline
//	internal/plots      the plots of runs, sweeps and comparisons
//	internal/material   the data of a run, each piece computed once
//	internal/verdicts   the verdicts of a run in words
//	internal/figure     drawing: panels, axes, legends, windows of faults
//	internal/looks      colours and hatchings of clients, outcomes and faults
//	internal/words      numbers, times and figures in words
//
// All pictures are reproducible byte for byte from the same history.
package reports
