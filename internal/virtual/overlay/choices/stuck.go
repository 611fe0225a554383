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

// StuckIsLeft wants a goroutine outside of a bubble that is stuck to run in the end, in a process
// with the overlay, and a later bubble to be as if there had been no other.
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
		time.Sleep(time.Second) // from which it would never come back
	})
	stop.Store(true)
}

// leave begins a bubble that never ends.
func leave(t *testing.T, f func()) {
	go synctest.Test(t, func(*testing.T) { f() })
}
