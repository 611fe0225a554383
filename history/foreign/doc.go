// Package foreign reads histories that other tools wrote: Jepsen's history.edn
// (a vector of maps, or one map a line), Jepsen's older text log, porcupine's
// test files, JSON lines, and zklab's own. It may not decide anything. It also
// writes a history of zklab's as EDN.
//
// A [Reader] gives one [Event] at a time, and keeps nothing of those before, so
// that a file may have any length. What the operations mean is not decided
// here: package checker/linear reads events into the operations of a model.
//
// Lines that belong to no client (the nemesis, log messages) are passed over.
// What cannot be read is a [LineError] with the line's number and what was
// expected there.
package foreign
