// Package apart keeps what begins together from happening at one instant. In virtual
// time clients that start at once, tickers of one period and faults of one second come
// due at the same nanosecond, and Go's scheduler would choose who is first: no seed says
// it. A few microseconds between them change nothing else, in real time either.
package apart

import "time"

// step and more are odd, and no round number of anything.
const (
	step = 13_717 * time.Nanosecond
	more = 104_729 * time.Nanosecond
)

// Wait sleeps for a moment of its own for each i, some microseconds; not at all for 0.
func Wait(i int) {
	if i > 0 {
		time.Sleep(time.Duration(i) * step)
	}
}

// Odd is a little more than a round period, so that it does not end together with others.
func Odd(period time.Duration) time.Duration { return period + more }
