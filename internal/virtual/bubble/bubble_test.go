package bubble_test

import (
	"crypto/rand"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/internal/virtual/jitter"
)

// Two runs of a seed are the same: their goroutines, which wake each other at different times, and
// their random bytes.
func TestSameSeed(t *testing.T) {
	one, other, another := trace(t, 1), trace(t, 1), trace(t, 2)
	if !slices.Equal(one, other) {
		t.Error("two runs of one seed differ")
	}
	if slices.Equal(one, another) {
		t.Error("another seed gives the same random bytes")
	}
}

func trace(t *testing.T, seed uint64) (log []string) {
	bubble.Run(t, seed, func(func()) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		began := time.Now()
		for i := range 20 {
			wg.Go(func() {
				time.Sleep(time.Duration(i)) // no two wake at the same instant
				for range 50 {
					var b [2]byte
					_, _ = rand.Read(b[:])
					time.Sleep(time.Duration(b[0]) * time.Millisecond)
					mu.Lock()
					log = append(log, fmt.Sprint(time.Since(began), i, b))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	})
	return log
}

// Settings for a run are undone after it; that of random bytes is undone at the end of the run's test.
func TestUndone(t *testing.T) {
	procs, percent, reader := runtime.GOMAXPROCS(0), debug.SetGCPercent(77), rand.Reader
	defer debug.SetGCPercent(percent)
	t.Run("run", func(t *testing.T) {
		bubble.Run(t, 1, func(func()) {
			if runtime.GOMAXPROCS(0) != 1 {
				t.Error("more than one processor")
			}
			if !jitter.Wanted() {
				t.Error("no jitter is wanted")
			}
			if rand.Reader == reader {
				t.Error("random bytes do not follow from the seed")
			}
		})
	})
	if got := runtime.GOMAXPROCS(0); got != procs {
		t.Errorf("%d processors, of %d before", got, procs)
	}
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("garbage is collected at %d %%", got)
	}
	if rand.Reader != reader {
		t.Error("random bytes still follow from a seed")
	}
	if jitter.Wanted() {
		t.Error("jitter is still wanted")
	}
}
