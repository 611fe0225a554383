// Package turns says whether clients wait in turn: each wait a few microseconds longer than it has
// to, by a time of its own. In virtual time those who wait for one thing would otherwise go on at
// one instant, in an order that no seed decides. Simulations ask for it; a program that uses the
// recipes does not, and there nothing waits longer than it has to.
//
// It imports nothing, so that package recipes, which is of use without the rest of zklab, can ask.
package turns

import "sync/atomic"

var asking atomic.Int64

// Begin asks for turns, until end is called, in this whole process. It is safe for concurrent use.
func Begin() (end func()) {
	asking.Add(1)
	return func() { asking.Add(-1) }
}

// Wanted reports whether the clients that are made now shall wait in turn. It is safe for
// concurrent use.
func Wanted() bool { return asking.Load() > 0 }
