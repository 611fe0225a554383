package choices

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

// StuckIsLeft requires, in a process with the overlay, that a goroutine outside of a stuck bubble runs
// in the end, and that a later bubble behaves as if the stuck one had never existed.
func StuckIsLeft(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	seeded := func(f func(*testing.T)) {
		t.Run("seeded", func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			f(t)
		})
	}
	var before, after []string
	seeded(func(t *testing.T) { before = Trace(t) })
	seeded(func(t *testing.T) { // a mutex, whose holder waits for virtual time
		var mu sync.Mutex
		leave(t, func() {
			mu.Lock()
			go mu.Lock()
			time.Sleep(time.Second)
		})
		time.Sleep(time.Second)
	})
	seeded(func(t *testing.T) { after = Trace(t) })
	if d := Difference(before, after); d != "" {
		t.Errorf("a bubble behind one that is stuck differs: %s", d)
	}
	var stop atomic.Bool
	seeded(func(t *testing.T) {
		leave(t, func() {
			for !stop.Load() {
			}
		})
		time.Sleep(time.Second) // the sleep would never end if the bubble's loop could not be preempted
	})
	stop.Store(true)
}

// leave begins a bubble that never ends.
func leave(t *testing.T, f func()) {
	go synctest.Test(t, func(*testing.T) { f() })
}
