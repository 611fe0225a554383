// Package foreign reads histories of other tools: Jepsen's history.edn (a vector of maps, or one map
// per line), Jepsen's logs and history.txt, porcupine's test files, and JSON objects and CSV, each line
// an event or a whole operation. It also reads zklab's own histories, and writes them as EDN. It
// decides nothing.
//
// declared.go lists the fields that the reader knows, for all of these forms at once. It passes over no
// other field in silence: passed.go.
//
// A [Reader] returns one [Event] at a time and keeps no earlier events, so a file may have any length.
// Package checker/linear turns events into operations of a model.
//
// Lines that belong to no client (the nemesis, log messages) are skipped. If a line cannot be read, the
// error is a [LineError] with the line's number and what was expected.
package foreign
