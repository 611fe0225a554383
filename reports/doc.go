// Package reports draws: the plots of runs, and the pages of sweeps, comparisons, matrices and explorations. It reads only
// what is stored, so everything can be written again at any time, with the same output.
//
// [Write] writes the report of a stored run, with its plots. A program that imports this package draws the plots of each
// run whose report it writes, also of a Go test that failed:
//
//	import _ "github.com/zklab/zklab/reports"
//
// A program that does not import it has reports without plots, and compiles nothing that draws. Package onerun makes these
// reports, the summary of a run and its annotations; package foreign presents verdicts on histories of other tools. What
// all of them show comes from below, where each package knows only those that follow it:
//
//	internal/plots      the plots of runs, sweeps and comparisons
//	internal/figure     drawing: panels, axes, legends, windows of faults
//	internal/timeline   the page of the timeline
//	internal/pages      what all pages share: their style, the glossary, places for pictures
//	internal/sheet      text laid out for terminals
//	internal/material   the data of a run, each piece computed once
//	internal/verdicts   the verdicts of a run in words
//	internal/looks      colours and hatchings of clients, outcomes and faults
//	internal/words      numbers, times and figures in words
//
// All pictures are reproducible byte for byte from the same history.
package reports
