// Package history is the record of a run: what every client asked for and what
// came of it, which faults happened when, and what became of the sessions. It
// may not import anything else of zklab.
//
// A run is written through a [Recorder], one JSON object a line, in the
// vocabulary that Jepsen made common: an operation is an invoke followed by ok,
// fail (it certainly had no effect) or info (nobody knows). [Read] gives a
// stored record back as a [History], and says what is wrong with it;
// [History.Operations] pairs invocations with completions, [Write] stores a
// history that was made otherwise. Package historytest makes them for tests, package holds
// reads who held what when. The names of operations and the shapes of their values
// stand in values.go: together with [Event] they are the file format, and what
// package checker relies on.
//
// The package imports nothing else of zklab.
package history
