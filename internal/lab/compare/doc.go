// Package compare compares groups of runs: how they were run, their times, and what was found. It finds
// stored runs and sweeps ([Locate]), reads them ([Group.Read]) and computes a [Comparison], which package
// reports shows.
//
// Operations of one run are not independent of each other: a slow moment makes many of them slow. So the unit
// of a test is the run, with one figure of each run, such as the median latency of its acquires. If there are
// too few runs, the unit for fail-overs is the fault, and other times are compared without a test.
package compare
