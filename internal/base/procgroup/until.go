package procgroup

import "time"

// The system is asked again and again, since it does not tell: first soon, then
// more rarely.
const (
	firstLook   = 200 * time.Microsecond
	rarestLook  = 50 * time.Millisecond
	takesEffect = 5 * time.Second // bounds the wait for a signal's effect
)

// until waits until is holds, for takesEffect at most.
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
