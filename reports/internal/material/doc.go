// Package material has the data of a report on one run, each piece computed once, and the colours of clients, outcomes
// and kinds of faults, which are the same in all pictures of a run.
package material
