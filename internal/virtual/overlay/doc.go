// Package overlay makes the Go runtime's own choices inside of a testing/synctest
// bubble follow from a seed. It knows nothing of ZooKeeper, and imports nothing of
// zklab.
//
// A bubble of synctest has a clock of its own, but the runtime still makes random choices in it. [Make]
// returns changed copies of some files of the standard library, and the list with which go build
// -overlay and go test -overlay use them instead of the originals; the toolchain itself stays as it is.
// [Active] reports whether a binary was built in this way.
//
// # What it does
//
// It is switched on by a function that stock toolchains also have: from a call of
// [cryptotest.SetGlobalRandom] until the end of the test, every bubble that begins is seeded. In a seeded
// bubble, the following choices depend only on the seed, the bubble's time, and earlier choices in the same
// instant:
//
//   - which of several ready cases a select takes;
//   - where an iteration over a map begins, and where keys go in maps that are made in
//     the bubble (sync.Map included), and so the order of the iteration. The exception is a
//     map of more than eight entries whose keys are or contain pointers, channels or
//     interfaces of these: their hashes are addresses;
//   - in which order a context cancels its children, which are in such a map;
//   - what the global functions of math/rand and math/rand/v2 draw, and the seeds of
//     hash/maphash;
//   - which of the timers of one instant fires first.
//
// The following no longer depends on the real time that something takes, or on what the process did
// before:
//
//   - while there is a seeded bubble, sysmon preempts no goroutine and takes no P away
//     from one in a system call. Only when no virtual time has passed for five seconds does
//     it preempt again: then a goroutine never blocks, and the bubble is stuck for good;
//   - goroutines from outside of it wait at the end of the queue, and do not go before
//     those of the bubble;
//   - a sync.Mutex gets into its starvation mode by the bubble's time, which does not
//     pass while a goroutine waits for a mutex;
//   - the global run queue (of runtime.Gosched, and of more than 256 goroutines that
//     are ready) is looked at after a number of turns that starts afresh at each instant;
//   - the race detector does not shuffle the run queue.
//
// Three more changes do not change any choice, but save time: a single P looks for no idle one to wake each
// time a goroutine becomes ready; stacks of goroutines begin with 8 KiB, so that few are copied to grow; and
// on Linux, reused memory of more than a megabyte is not cleared, but returned to the system, which provides
// zeroed pages where the memory is touched (a client touches little of its buffer of 1.5 MB).
//
// Everything outside of seeded bubbles makes its choices as before. All maps of the process are hashed
// without the key that is random in each process, and by the function that is the same on all 64-bit
// processors; a map outside still has a seed of its own.
//
// # What it does not do
//
// Two more settings are up to the program that runs the bubble. With runtime.GOMAXPROCS(1) one
// goroutine runs at a time, and the order follows from which goroutine made which one ready. With
// debug.SetGCPercent(-1) no garbage collection stops the world meanwhile: after that, the running
// goroutine would go before the next one in the queue.
//
// Code that runs only the first time in a process (sync.Once) can make the first bubble differ from later
// ones. It does so only if it makes such choices itself, and it changes only choices of the same kind in the
// same instant.
//
// # Versions of Go
//
// Each change names a text that must be in a file exactly once ([Make] returns an error if it is not),
// and the result must parse. So a version of Go in which the text is different is refused, and not
// changed wrongly.
package overlay
