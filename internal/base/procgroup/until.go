package procgroup

import "time"

// The system does not report that a group has ended or stopped, so it is asked again and again: often
// at first, then less and less.
const (
	firstLook   = 200 * time.Microsecond
	rarestLook  = 50 * time.Millisecond
	takesEffect = 5 * time.Second // bounds the wait for a signal's effect
)

// until waits until is returns true, for takesEffect at most, and reports whether it did.
func until(is func() bool) bool {
	began := time.Now()
	for pause := firstLook; !is(); pause = min(2*pause, rarestLook) {
		if time.Since(began) > takesEffect {
			return false
		}
		time.Sleep(pause)
	}
	return true
}
