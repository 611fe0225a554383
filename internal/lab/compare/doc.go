// Package compare compares groups of runs: what differs in how they were run, in their times, and in
// what was found. It finds stored runs and sweeps ([Locate]), reads them ([Group.Read]) and computes
// a [Comparison], which package reports shows.
//
// Operations of one run are not independent of each other: a slow moment makes many of them slow. So
// the unit of a test is the run, with one figure of each run, such as the median latency of its
// acquires. Where there are too few runs, fail-overs are compared fault by fault, and other times
// without a test.
package compare
