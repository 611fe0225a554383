// Package stats computes the figures of a history: operations and their latencies, contention, the
// effects of each fault, and fail-over times. It decides nothing, and reads and writes no files.
// Summaries, reports and plots use its figures.
//
// [Compute] returns the figures that are stored with a run. [Points] and [Windows] return what
// plots draw. All functions are pure: the same history gives the same figures.
//
// Figures that can be added up over runs are in package [github.com/zklab/zklab/stats/samples], on
// the times of package [github.com/zklab/zklab/stats/measured]; package
// [github.com/zklab/zklab/stats/gates] judges them.
package stats
