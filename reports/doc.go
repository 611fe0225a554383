// Package reports shows a stored run to people and to other programs. It reads
// the run's history and result and nothing else, so that a report can be
// written again at any time, and comes out the same.
//
// [Write] is where to start: plots as SVG and PNG, report.html, timeline.html
// and junit.xml go into the run's folder. [Summary] is the same in a screenful
// of text for the terminal.
//
// A plot is a [figure]: panels over one axis of time, with the fault windows
// shaded behind them. Each plot has its file (latency.go, failover.go, …) that
// turns a history into a figure or says why there is none; figure.go and what
// it calls know how to draw one. All pictures are byte-stable: the same history
// gives the same files.
package reports
