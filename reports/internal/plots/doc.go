// Package plots turns the data of runs, sweeps and comparisons into figures, or says why there is none. Each plot has
// its own file; [Of] has the list of the plots of a run.
package plots
