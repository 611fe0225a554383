// Package reports presents a stored run to people and to other programs. It reads only the run's
// history, result and transactions, so a report can be written again at any time, with the same output.
//
// [Write] is the main function: it writes plots as SVG and PNG, report.html, timeline.html and
// junit.xml into the run's folder. [Summary] returns a screenful of text for the terminal.
//
// A plot is a [figure]: panels over one time axis, with the fault windows shaded behind them. Each
// plot has its own file (latency.go, failover.go, …) that turns a history into a figure, or says
// why there is none. figure.go and the files that it uses draw figures. All pictures are
// reproducible byte for byte from the same history.
package reports
