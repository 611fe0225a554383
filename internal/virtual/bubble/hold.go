package bubble

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Unheld says why a bubble could not be held: why it did not end, or did not end completely.
type Unheld struct {
	// Why is one line that names the goroutines, where they are and where they were made.
	Why string
	// Ended means that f had returned, so its results are complete.
	Ended bool
	// Spins means that the code keeps using a processor until the process ends. Run begins no other
	// bubble then.
	Spins bool
	// Killed means that all remaining goroutines belong to virtual processes that were killed (see
	// [Mortal]). Otherwise Why leaves such goroutines out.
	Killed bool
}

func (u *Unheld) Error() string { return u.Why }

// Patience is how long nothing may move before the goroutines are examined, and how much processor time a
// busy loop may use before it is reported (not real time, since a busy machine is slow). Only tests change
// it, between bubbles.
var Patience = 5 * time.Second

// muchLonger multiplies Patience if the present activity may still end: a wait for something outside, or work
// of f itself, which may do much at its end.
const muchLonger = 12

// Before goroutines are reported as stuck, they are examined this often, with a pause in between.
const (
	looks     = 10
	lookPause = 100 * time.Millisecond
)

// afterwards is how long, in virtual time, goroutines may go on after f has returned.
const afterwards = time.Minute

// life is the life of one bubble.
type life struct {
	bubble atomic.Uint64 // the runtime's number of the bubble
	main   atomic.Uint64 // the number of the goroutine that calls f
	moved  atomic.Uint64 // grows as long as something happens
	ended  atomic.Bool   // f has returned
	over   chan struct{} // closed when no goroutine of the bubble runs any longer
	left   []goroutine   // the goroutines that are left when over is closed
	seen   func()        // called each time that watch looks at the bubble
}

// hold calls f in a bubble, and watches the bubble from outside, where it also calls look.
func hold(t *testing.T, look func(), f func(moved func())) *Unheld {
	killed.Clear()
	l := &life{over: make(chan struct{}), seen: look}
	go l.open(t, f)
	if u := l.watch(); u != nil {
		return u
	}
	if !l.ended.Load() {
		t.FailNow() // f ended its goroutine
	}
	if len(l.left) == 0 {
		return nil
	}
	of, dead := ofLiving(l.left), false
	if len(of) == 0 {
		of, dead = l.left, true
	}
	return &Unheld{Ended: true, Killed: dead, Why: fmt.Sprintf("%s still there %d virtual seconds after the end of the run", whatIsLeft(of), afterwards/time.Second)}
}

// open runs the bubble. Goroutines that are left when f has returned make synctest panic here,
// outside of the bubble; they never run again, since its time has ended.
func (l *life) open(t *testing.T, f func(moved func())) {
	defer close(l.over)
	defer func() {
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok || !l.ended.Load() || !strings.HasPrefix(err.Error(), "deadlock: main bubble goroutine has exited") {
				panic(p)
			}
			labeled(func() { l.left = goroutinesIn(l.bubble.Load()) })
		}
	}()
	synctest.Test(t, func(*testing.T) {
		l.enter()
		l.beat()
		f(func() { l.moved.Add(1) })
		l.ended.Store(true)
		time.Sleep(afterwards)
	})
}

// beat moves with virtual time, until that ends with the bubble.
func (l *life) beat() {
	const every = time.Second + 7 // so that hardly anything else has the same instant
	time.AfterFunc(every, func() {
		l.moved.Add(1)
		l.beat()
	})
}

// watch waits until the bubble is over. If the bubble will never be over, it returns the reason.
func (l *life) watch() *Unheld {
	since, used, moved := time.Now(), processorTime(), l.moved.Load()
	for {
		if l.overWithin(Patience / 4) {
			return nil
		}
		l.seen()
		if now := l.moved.Load(); now != moved {
			since, used, moved = time.Now(), processorTime(), now
			continue
		}
		if time.Since(since) < Patience {
			continue
		}
		if seen := l.look(moved); seen != nil {
			if u := l.stuck(seen, time.Since(since), processorTime()-used); u != nil {
				u.Ended = l.ended.Load()
				return u
			}
		}
	}
}

func (l *life) overWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.over:
		return true
	case <-timer.C:
		return false
	}
}

// look looks at the bubble's goroutines a few times; nil if anything moves meanwhile.
func (l *life) look(moved uint64) (seen [][]goroutine) {
	for range looks {
		if l.overWithin(lookPause) || l.moved.Load() != moved {
			return nil
		}
		seen = append(seen, goroutinesIn(l.bubble.Load()))
	}
	return seen
}

// stuck judges a bubble in which nothing has moved for the time idle, during which the process used the
// processor for the time used.
func (l *life) stuck(seen [][]goroutine, idle, used time.Duration) *Unheld {
	if g, always := busiest(seen); g != nil {
		enough := Patience
		if g.id == l.main.Load() {
			enough *= muchLonger
		}
		if !always || used < enough {
			return nil
		}
		return &Unheld{Spins: true, Why: fmt.Sprintf("code spins: it has used %s of processor time without a pause in %s", used.Round(time.Second), g.place())}
	}
	locks, outside := waiting(seen)
	switch {
	case len(outside) > 0 && idle >= muchLonger*Patience:
		return &Unheld{Why: "code waits for something outside the simulation: " + outside[0].waits()}
	case len(outside) == 0 && len(locks) > 0:
		return &Unheld{Why: "code waits for a mutex whose holder waits for virtual time to pass, which stands still meanwhile: " + locks[0].waitsForMutex(seen[len(seen)-1])}
	}
	return nil
}
