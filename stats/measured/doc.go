// Package measured has measured times, some of which are lower bounds because the measurement ended
// before the event: their distribution, quantiles, confidence intervals and summaries. It knows
// nothing of runs, and reads and writes no files.
package measured
