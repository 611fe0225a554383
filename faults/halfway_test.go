package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
)

// serverFaults are the faults of servers and of the network between them that an
// embedded ensemble can have, in their plainest and their widest form.
var serverFaults = []string{
	"pause", "pause:all", "kill", "kill:all", "restart", "restart:all", "rolling",
	"partition", "partition:all", "partition:halves", "partition:ring", "partition:bridge", "partition:mute", "partition:deaf",
	"lossy", "lossy:one", "slow-network", "slow-network:one", "slow-disk", "slow-disk:all", "empty-disk", "upgrade", "unsynced", "unsynced:all", "wall-clock", "wall-clock:all:by=-1h0m0s",
}

// withLinks are these, those that are of the clients' links, and those that are requests, of which no step can fail.
var withLinks = slices.Concat(serverFaults, []string{"cut-off", "cut-off:all", "cut-off:who=client-1", "reconfig", "reconfig:one"})

// onHooked is onServers with an ensemble whose harms a test can see, and spoil.
func onHooked(t *testing.T, f func(*lab, *hooked)) {
	t.Helper()
	onServers(t, changeable(3, 0), func(l *lab, em *embedded.Ensemble) {
		h := &hooked{Ensemble: em}
		l.target.Ensemble = h
		f(l, h)
	})
}

// An injection of which any step fails, although it was done, is undone.
func TestInjectionThatFails(t *testing.T) {
	planted := errors.New("planted")
	for _, spec := range serverFaults {
		t.Run(spec, func(t *testing.T) {
			onHooked(t, func(l *lab, h *hooked) {
				f := parsed(t, spec)
				for n := 1; ; n++ {
					h.calls = nil
					h.hook = func(string) error {
						if len(h.calls) == n {
							return planted
						}
						return nil
					}
					e, err := l.inject(f)
					if err == nil {
						h.hook = nil
						l.healed(e, h.Clean)
						if n == 1 {
							t.Error("nothing was done")
						}
						return
					}
					if !errors.Is(err, planted) || !strings.Contains(err.Error(), "server ") {
						t.Errorf("step %d: %v", n, err)
					}
					l.whole(h.Clean)
				}
			})
		})
	}
}

// A run that is interrupted at any moment of an injection, of its verification, or
// while it lasts, is healed.
func TestInterrupted(t *testing.T) {
	for _, spec := range withLinks {
		t.Run(spec, func(t *testing.T) {
			onHooked(t, func(l *lab, h *hooked) {
				f := parsed(t, spec)
				for n := 1; n > 0; n++ {
					ctx, cancel := context.WithCancel(l.t.Context())
					h.calls = nil
					h.hook = func(string) error {
						if len(h.calls) == n {
							cancel()
						}
						return nil
					}
					l.interrupted(ctx, f, h)
					if len(h.calls) < n {
						n = -1 // that was all
					}
					cancel()
				}
				h.hook = nil
				for _, after := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, 3 * time.Second} {
					ctx, cancel := context.WithTimeout(l.t.Context(), after)
					l.interrupted(ctx, f, h)
					cancel()
				}
			})
		})
	}
}

// interrupted plays a fault until ctx ends.
func (l *lab) interrupted(ctx context.Context, f faults.Fault, h *hooked) {
	l.t.Helper()
	r := &record{start: time.Now()}
	if err := plan.Play(ctx, []plan.Step{{For: 2 * time.Second, Fault: f, Seed: 1}}, l.target, r); err != nil {
		l.t.Errorf("%s: %v", f.Spec(), err)
	}
	l.whole(h.Clean)
}

// What is left when a heal fails stays claimed, and healing again heals it.
func TestHealThatFails(t *testing.T) {
	onServers(t, embedded.Config{}, func(l *lab, em *embedded.Ensemble) {
		e := l.seen(parsed(t, "kill:all"))
		stale, cancel := context.WithCancel(l.t.Context())
		cancel()
		if err := e.Heal(stale); err == nil {
			t.Error("servers were healed in no time")
		}
		l.healed(e, em.Clean)
	})
}

// Faults that overlap at random, for minutes: in the end everything is healed, and
// the ensemble is healthy and knows one history.
func TestRandomOverlappingFaults(t *testing.T) {
	for seed := range uint64(3) {
		nodes := 3 + 2*int(seed%2)
		t.Run(fmt.Sprint(nodes, " servers, ", seed), func(t *testing.T) {
			onServers(t, changeable(nodes, 0), func(l *lab, em *embedded.Ensemble) {
				l.overlap(seed)
				l.whole(em.Clean)
				l.oneHistory(em)
			})
		})
	}
}

// overlap plays a random plan for five minutes.
func (l *lab) overlap(seed uint64) {
	l.t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	var steps []plan.Step
	for at := time.Duration(0); at < 5*time.Minute; at += time.Duration(rng.IntN(4000)) * time.Millisecond {
		steps = append(steps, plan.Step{
			At: at, For: time.Duration(rng.IntN(15_000)) * time.Millisecond,
			Fault: parsed(l.t, withLinks[rng.IntN(len(withLinks))]), Seed: rng.Uint64(),
		})
	}
	r := &stepCounter{record: record{start: time.Now()}, of: map[string]int{}}
	var all sync.WaitGroup
	for _, step := range steps { // each on its own, so that they overlap
		all.Go(func() {
			if err := plan.Play(l.t.Context(), []plan.Step{step}, l.target, r); err != nil {
				l.t.Error(err)
			}
		})
	}
	all.Wait()
	l.t.Logf("%d faults in %v: %v", len(steps), r.Now().Round(time.Second), r.of)
	if r.of[history.StepVerified] < len(steps)/4 {
		l.t.Errorf("only %d of %d took effect", r.of[history.StepVerified], len(steps))
	}
}

// stepCounter counts steps by their names.
type stepCounter struct {
	record
	of map[string]int
}

func (c *stepCounter) Record(e history.Event) history.Event {
	var s history.FaultStep
	if err := e.Decode(&s); err != nil {
		panic(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[s.Step]++
	return e
}

// oneHistory checks that all that was committed since the start is there, in one
// order, with a write that is acknowledged now.
func (l *lab) oneHistory(em *embedded.Ensemble) {
	l.t.Helper()
	admin := l.target.Admin
	path := fmt.Sprintf("%s/last-%d", l.target.Root, time.Now().UnixNano())
	l.awaits("the admin writes", func() bool {
		_, err := admin.Create(path, nil, 0, open)
		return err == nil
	})
	txns, err := em.Transactions(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	last := int64(0)
	found := false
	for _, x := range txns {
		if int64(x.Zxid) <= last {
			l.t.Fatalf("zxid %x comes after %x", x.Zxid, last)
		}
		last = int64(x.Zxid)
		found = found || x.Path == path
	}
	if !found {
		l.t.Errorf("%s is not among %d transactions", path, len(txns))
	}
}
