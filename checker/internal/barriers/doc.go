// Package barriers decides the promises of a barrier and of a double barrier, each key of which is one
// round. It reads evidence, runs nothing, and knows no other object.
//
// [Barrier] is declared in barrier.go. Its properties are in early.go and late.go, which use the
// times in which the barrier certainly was up (raised.go). [DoubleBarrier] is in doublebarrier.go,
// with enter.go, leave.go and roundprogress.go, which use the times in which each member was
// present (round.go). log.go reads the transaction log.
package barriers
