package recipes_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// barrierOfTwo makes a raise, wait and lift a barrier, together with b.
func barrierOfTwo(t *testing.T, a, b *client, path string) {
	ba, bb := recipes.NewBarrier(a.s, path), recipes.NewBarrier(b.s, path)
	there := func(want bool) {
		t.Helper()
		if got, _, err := b.conn.Exists(path); err != nil || got != want {
			t.Errorf("raised: %v, %v", got, err)
		}
	}
	within(t, "await none", ba.Await)
	within(t, "raise", ba.Raise)
	there(true)
	within(t, "raise again", ba.Raise)
	there(true)
	within(t, "lift", ba.Lift)
	there(false)
	within(t, "lift again", ba.Lift)
	within(t, "b raises", bb.Raise)
	var lifted atomic.Bool
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		within(t, "await", ba.Await)
		if !lifted.Load() {
			t.Error("passed too early")
		}
	}()
	time.Sleep(50 * time.Millisecond) // in most cases, until it waits
	lifted.Store(true)
	within(t, "b lifts", bb.Lift)
	<-passed
	within(t, "a closes", ba.Close)
	within(t, "b closes", bb.Close)
}

func TestBarrierSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, barrierOfTwo) }

func TestBarrierSurvivesEveryTwoLosses(t *testing.T) {
	everyBlow(t, simulated, twoReplies, barrierOfTwo)
}

func TestBarrierInterruptedAtEveryMoment(t *testing.T) {
	calls := map[string]struct {
		raised bool // at first
		want   bool // after success
		call   func(*recipes.Barrier, context.Context) error
	}{
		"raise": {false, true, (*recipes.Barrier).Raise},
		"lift":  {true, false, (*recipes.Barrier).Lift},
		"await": {true, true, (*recipes.Barrier).Await},
	}
	for name, c := range calls {
		use := func() interrupted {
			var ba *recipes.Barrier
			return interrupted{
				prepare: func(t *testing.T, a, b *client, path string) {
					ba = recipes.NewBarrier(a.s, path)
					bb := recipes.NewBarrier(b.s, path)
					within(t, "raise", bb.Raise)
					if !c.raised {
						within(t, "lift", bb.Lift)
					}
				},
				act: func(ctx context.Context, _ *client, _ string) error { return c.call(ba, ctx) },
				done: func(t *testing.T, _, b *client, path string, err error) {
					within(t, "close", ba.Close)
					got, _, failed := b.conn.Exists(path)
					switch {
					case failed != nil:
						t.Error(failed)
					case name == "await" && err == nil:
						t.Error("passed a raised barrier")
					case err == nil && got != c.want:
						t.Errorf("raised: %v after success", got)
					case noEffect(err) && got != c.raised:
						t.Errorf("raised: %v after %v, said to be without effect", got, err)
					case err != nil && !noEffect(err) && !errors.Is(err, recipes.ErrUnknown):
						t.Errorf("neither settled nor unknown: %v", err)
					}
				},
			}
		}
		t.Run(name+" cancelled", func(t *testing.T) { everyMoment(t, use, cancelled) })
		t.Run(name+" expired", func(t *testing.T) { everyMoment(t, use, expired) })
	}
}

func TestBarrierAwaitGoesOnAfterExpiry(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		ba, bb := recipes.NewBarrier(a.s, path), recipes.NewBarrier(b.s, path)
		within(t, "raise", bb.Raise)
		passed := make(chan struct{})
		go func() {
			defer close(passed)
			within(t, "await", ba.Await)
		}()
		time.Sleep(50 * time.Millisecond)
		a.expire()
		select {
		case <-passed:
			t.Error("passed by expiry")
		case <-time.After(200 * time.Millisecond):
		}
		within(t, "lift", bb.Lift)
		<-passed
		within(t, "close", ba.Close)
	})
}

func TestBarrierMisuse(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		b := recipes.NewBarrier(a.s, path)
		within(t, "raise", b.Raise)
		if _, err := a.conn.Create(path+"/foreign", nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
		if err := b.Lift(t.Context()); !errors.Is(err, zk.ErrNotEmpty) || !noEffect(err) {
			t.Errorf("lift with a child below: %v", err)
		}
		within(t, "close", b.Close)
		within(t, "close again", b.Close)
		for name, call := range map[string]func(context.Context) error{"raise": b.Raise, "lift": b.Lift, "await": b.Await} {
			if err := call(t.Context()); !errors.Is(err, recipes.ErrClosed) || !noEffect(err) {
				t.Errorf("%s after close: %v", name, err)
			}
		}
	})
}
