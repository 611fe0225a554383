package jitter

import "sync/atomic"

var asking atomic.Int64

// Begin makes Wanted return true in this process until end is called. It is safe for concurrent
// use.
func Begin() (end func()) {
	asking.Add(1)
	return func() { asking.Add(-1) }
}

// Wanted reports whether clients that are made now should add jitter to their waits. Simulations
// ask for it; in a program that only uses the recipes it is false, and no wait is longer than
// necessary. It is safe for concurrent use.
func Wanted() bool { return asking.Load() > 0 }
