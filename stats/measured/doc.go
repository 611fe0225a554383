// Package measured has times that were measured, some of them as lower bounds because the
// measurement ended before the event: their distribution, quantiles, confidence intervals and
// summaries. It knows nothing of runs, and reads and writes no files.
package measured
