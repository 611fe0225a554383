// Package history is the record of a run: what each client asked for and with what outcome, which
// faults happened when, and what became of the sessions. It imports no other package of zklab.
//
// A [Recorder] writes a run, one JSON object per line, in the vocabulary of Jepsen: an operation is
// an invoke followed by ok, fail (it certainly had no effect) or info (its outcome is unknown).
// [Read] reads a stored record as a [History] and reports what is wrong with it.
// [History.Operations] pairs invocations with completions. [OpenPacked] reads a large record into less
// memory; code that uses [History.All], [History.Facts] and [History.EachOperation] works with both kinds
// of record. [Write] stores a history from another source. Package historytest builds histories for tests,
// and package holds derives which client held what and when.
//
// The names of facts and the types of their values are in values.go and wire.go; those of the
// operations of each object are in package models. Together with [Event] they define the file
// format, on which package checker relies.
package history
