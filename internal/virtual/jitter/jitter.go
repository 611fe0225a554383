// Package jitter adds a few microseconds to waits that would otherwise end at the same instant. In
// virtual time, clients that start together, tickers with the same period and faults of the same
// length come due at the same nanosecond. Go's scheduler would then choose which goroutine runs
// first, and that choice does not follow from the seed. In real time the few microseconds do not
// matter.
//
// The package depends on nothing but the standard library, so that package recipes, which works
// without the rest of zklab, can import it.
package jitter

import "time"

// step and stretch are not multiples of any duration that zklab uses.
const (
	step    = 13_717 * time.Nanosecond
	stretch = 104_729 * time.Nanosecond
)

// Wait sleeps for a few microseconds, a different time for each i. For i ≤ 0 it returns at once.
func Wait(i int) {
	if i > 0 {
		time.Sleep(time.Duration(i) * step)
	}
}

// Stretch returns a little more than period, so that it does not end at the same instant as others.
func Stretch(period time.Duration) time.Duration { return period + stretch }
