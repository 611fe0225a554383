package memnet

import (
	"sync"
	"time"
)

// deadline wakes the goroutines that wait on a condition when its time has come. Its methods are called
// with the condition's lock held.
//
// Many users set a new deadline for each read. A timer that would fire earlier than needed is therefore
// left alone, and set again when it fires.
type deadline struct {
	passed bool

	at    time.Time // zero: none, or it has passed
	fires time.Time // when the timer fires; zero: it does not
	timer *time.Timer
	cond  *sync.Cond
}

func (d *deadline) init(c *sync.Cond) { d.cond = c }

func (d *deadline) set(t time.Time) {
	d.passed, d.at = false, time.Time{}
	if t.IsZero() {
		return
	}
	now := time.Now()
	wait := t.Sub(now)
	if wait <= 0 {
		d.pass()
		return
	}
	d.at = now.Add(wait) // not t itself: it may lack the monotonic reading that fire compares
	if d.fires.IsZero() || d.at.Before(d.fires) {
		d.arm(wait)
	}
}

func (d *deadline) arm(wait time.Duration) {
	d.fires = d.at
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.fire)
		return
	}
	d.timer.Reset(wait)
}

// fire is called when the timer fires, perhaps after the deadline was changed or removed.
func (d *deadline) fire() {
	d.cond.L.Lock()
	defer d.cond.L.Unlock()
	d.fires = time.Time{}
	if d.at.IsZero() {
		return
	}
	if wait := time.Until(d.at); wait > 0 {
		d.arm(wait)
		return
	}
	d.pass()
}

func (d *deadline) pass() {
	d.passed, d.at = true, time.Time{}
	d.cond.Broadcast()
}

func (d *deadline) stop() {
	d.passed, d.at = false, time.Time{}
	if d.timer != nil {
		d.timer.Stop()
		d.fires = time.Time{}
	}
}
