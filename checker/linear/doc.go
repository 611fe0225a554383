// Package linear decides whether a history of a plain object (a register, a mutex, a queue …) is
// linearizable: whether each operation can have taken effect at one moment between its invocation and
// its completion. It uses only the values of operations and when they began and ended.
//
// [Load] reads the events of a [foreign.Reader] into the compact operations of a [Model], key by
// key. [Check] decides each key separately, since a history is linearizable if it is linearizable
// for every object. A key is decided in two steps:
//
//   - a procedure made for the model decides it in about n log n (register.go for
//     registers with distinct values, permits.go, holds.go, fifo.go and so on);
//   - if that does not apply, porcupine tries all orders, within what is left of time and
//     memory (porcupine.go).
//
// Results and verdicts are package checker's, and package reports/foreign prints both. The packages' inputs
// differ: package checker has every event of a zklab run in memory, with its sessions, faults and
// transactions. A history of another tool has none of these, and millions of operations: each takes a
// few bytes here, and refers to its events by their place.
//
// An operation of unknown outcome may take effect at any time from its invocation on, or never. A
// failed operation did nothing. Where the order of the file contradicts the times, the times
// decide; see times.go. Events at the same time are concurrent, except those of one process; see
// ties.go.
//
// # What may stay unknown
//
// The procedures always decide mutexes, semaphores whose permits are taken one by one, locks whose
// processes end with an unknown outcome as Jepsen's do, sets, total queues, bounds of counters,
// counters whose adds are all of one number, and registers, queues and bags into which no value
// goes twice. The following are left to the search and porcupine, and are unknown if the budget
// ends first, which happens only with many operations at the same time, or many of unknown outcome:
//
//   - registers to which one value was written more than once, or of a format in
//     which a failed compare-and-set is an observation ([foreign.JepsenLog]);
//   - text that is appended if texts repeat, begin with one another, are compared with,
//     or are shown by no read and may lie between others;
//   - queues, including priority queues, into which one value went twice; bags as well, if such a
//     bag was also found empty, as at the end of each drain;
//   - stacks, except for values that come from nowhere or twice;
//   - priority queues with unknown dequeues, if the history is not explained by the first
//     of these taking what was overdue first;
//   - semaphores of which several permits are taken at once;
//   - locks whose processes go on after an unknown outcome, if it depends on that outcome whether
//     two processes held the lock at once;
//   - counters to which different numbers are added, or which go up and down;
//   - sets from which elements are removed.
//
// The same goes for any model if the result depends on the order of events at the same time: only
// the order of each process is known.
//
// A set that was never read, a set of which no element is known to have stayed (setfull.go), a
// total queue with a drain whose items are unknown, ids of which there are not two, a bank of which
// no read can have shown half a transfer, and a history without operations that are known to have
// happened are also unknown.
package linear
