// Package linear decides whether a history of a plain object (a register, a
// mutex, a queue …) is linearizable: whether each operation can have taken
// effect at one moment between its invocation and its completion.
//
// [Load] reads the events of a [foreign.Reader] into the compact operations of
// a [Model], key by key, and [Check] decides each key by itself, since a history
// is linearizable if it is for every object. The way of a key:
//
//   - a procedure made for the model decides it in about n log n (register.go for
//     registers with distinct values, permits.go, holds.go, fifo.go and so on);
//   - where that does not apply (values that repeat, mostly) a search goes
//     through the history once and keeps every state that the object may be in,
//     as long as there are not too many (search.go);
//   - at last porcupine is asked, within what is left of time and memory.
//
// An operation whose outcome nobody knows may take effect at any time from its
// invocation on, or never. One that failed did nothing.
package linear
