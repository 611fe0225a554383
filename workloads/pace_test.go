package workloads

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// arrivals runs one client's pace for a time and returns its arrivals.
func arrivals(t *testing.T, rate float64, seed int64, lasts time.Duration) []time.Duration {
	t.Helper()
	var all []time.Duration
	synctest.Test(t, func(t *testing.T) {
		env := newDesk(t, 4).env()
		env.Rate, env.Seed = rate, seed
		over, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		p := newPace(env, 2, random(env, 1))
		for {
			at, ok := p.wait(t.Context(), over.Done())
			if !ok {
				return
			}
			all = append(all, at)
		}
	})
	return all
}

// One of four clients, each of whose arrivals is two operations, begins at an eighth of
// the rate, at times that follow from the seed.
func TestPace(t *testing.T) {
	all := arrivals(t, 80, 1, 100*time.Second)
	if n := len(all); n < 900 || n > 1100 {
		t.Errorf("%d arrivals in 100 s, about 1000 wanted", n)
	}
	if diff := cmp.Diff(all, arrivals(t, 80, 1, 100*time.Second)); diff != "" {
		t.Errorf("the same seed: %s", diff)
	}
	if cmp.Equal(all, arrivals(t, 80, 2, 100*time.Second)) {
		t.Error("another seed, the same arrivals")
	}
}

// Rates at which nothing ever comes do not overflow into ones at which
// everything comes at once.
func TestSlowPace(t *testing.T) {
	for _, rate := range []float64{1e-3, 1e-9, 1e-300} {
		if n := len(arrivals(t, rate, 1, time.Second)); n > 0 {
			t.Errorf("rate %g: %d arrivals in a second", rate, n)
		}
	}
}

// At a rate that no client can keep up with, arrivals come without a wait, and count
// from when they were due.
func TestFastPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := newDesk(t, 4).env()
		env.Rate = 1e9
		p := newPace(env, 2, random(env, 1))
		for range 1000 {
			time.Sleep(time.Millisecond) // stands for an operation
			now := env.Record.Now()
			at, ok := p.wait(t.Context(), nil)
			if !ok || at > now || env.Record.Now() != now {
				t.Fatalf("arrival %v at %v, %v", at, now, ok)
			}
		}
	})
}

// A wait ends with its context.
func TestPaceStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := newDesk(t, 4).env()
		env.Rate = 0.001
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok := newPace(env, 2, random(env, 1)).wait(ctx, nil); ok || env.Record.Now() != time.Second {
			t.Errorf("%v at %s", ok, env.Record.Now())
		}
	})
}

func TestBetween(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[between(rng, 3, 5)] = true
	}
	if diff := cmp.Diff(map[time.Duration]bool{3: true, 4: true, 5: true}, seen); diff != "" {
		t.Error(diff)
	}
}

// A round that could not begin is left out; a load without any round is an error.
func TestRounds(t *testing.T) {
	errPlanted := errors.New("planted")
	for name, tt := range map[string]struct {
		fails func(n int) bool
		want  error
	}{
		"all begin":  {func(int) bool { return false }, nil},
		"some begin": {func(n int) bool { return n%2 == 1 }, nil},
		"none":       {func(int) bool { return true }, errPlanted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env := newDesk(t, 2).env()
				over, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				last := 0
				r := &roundsRun{env: env, operations: 5, play: func(_ context.Context, n int, _ *rand.Rand, at time.Duration) error {
					if n != last+1 || at > env.Record.Now() {
						t.Errorf("round %d after %d, due at %s", n, last, at)
					}
					last = n
					if tt.fails(n) {
						return errPlanted
					}
					return nil
				}}
				if err := r.Load(t.Context(), over.Done()); !errors.Is(err, tt.want) || last < 20 || r.next != last+1 {
					t.Errorf("error %v after %d rounds, the next is %d", err, last, r.next)
				}
			})
		})
	}
}

// A load in which no round was due has done nothing wrong.
func TestNoRounds(t *testing.T) {
	env := newDesk(t, 2).env()
	over := make(chan struct{})
	close(over)
	r := &roundsRun{env: env, operations: 5}
	if err := r.Load(t.Context(), over); err != nil || r.next != 1 {
		t.Errorf("error %v, the next is %d", err, r.next)
	}
}
