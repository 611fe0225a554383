// Package barriers decides what is promised of a barrier and of a double barrier, each
// key of which is one round. It reads evidence, runs nothing, and knows no other object.
//
// [Barrier] is declared in barrier.go, its properties in early.go and late.go, which go by
// when it certainly was up (raised.go). [DoubleBarrier] is in doublebarrier.go, with
// enter.go, leave.go and roundprogress.go, which go by who was there when (round.go).
// log.go reads the transaction log.
package barriers
