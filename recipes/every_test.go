package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/link"
)

// scenario is one use of a recipe by client a, together with b, on a path of its own.
// It reports what breaks the recipe's promise.
type scenario func(t *testing.T, a, b *client, path string)

// blow is something that happens to one request that a client sends.
type blow struct {
	name string
	// strike makes it happen to the nth request from now on; landed tells later whether
	// it did.
	strike func(a *client, nth int) (landed func() bool)
}

// losses are the two ways in which a request can fail without a trace.
var losses = []blow{
	{"request", func(a *client, nth int) func() bool { return a.lose(link.Request, nth) }},
	{"reply", func(a *client, nth int) func() bool { return a.lose(link.Reply, nth) }},
}

// twoReplies also makes the request fail that comes to the rescue.
var twoReplies = []blow{{"two replies from", func(a *client, nth int) func() bool {
	first, second := a.lose(link.Reply, nth), a.lose(link.Reply, nth+1)
	return func() bool { return first() || second() }
}}}

// interrupts are events of which a caller is told: its session ends before a request is carried
// out, or the caller itself gives up when the request is sent.
var interrupts = []blow{
	{"expired at", func(a *client, nth int) func() bool { return a.at(nth, a.expire) }},
	{"cancelled at", func(a *client, nth int) func() bool { return a.at(nth, a.giveUp) }},
}

// at makes something happen before the nth request from now on leaves the client.
func (c *client) at(nth int, happen func()) func() bool {
	c.record(func(n int, _ request) {
		if n == nth {
			c.interrupted.Store(true)
			happen()
		}
	})
	return c.interrupted.Load
}

// lose makes the nth request or reply from now on get lost.
func (c *client) lose(what link.What, nth int) (landed func() bool) {
	c.t.Helper()
	loss, err := c.link.Lose(link.Rule{What: what, Nth: nth})
	if err != nil {
		c.t.Fatal(err)
	}
	return func() bool { return len(loss.Lost()) > 0 }
}

// everyBlow runs a scenario once as it is, and then once for each request that a sent and for
// each blow, which hits that request. With -short, it makes only one of every shortly runs.
func everyBlow(t *testing.T, on place, blows []blow, run scenario) {
	requests := rehearse(t, on, run)
	var landed, runs atomic.Int32
	t.Cleanup(func() { // when the parallel runs are done
		// A blow can make some requests of a scenario unnecessary, and so can the absence
		// of other clients.
		if landed.Load() < runs.Load()/2 {
			t.Errorf("only in %d of %d runs something happened", landed.Load(), runs.Load())
		}
	})
	for i, r := range requests {
		for j, w := range blows {
			if testing.Short() && (i*len(blows)+j)%shortly != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s %d of %v", w.name, i+1, r), func(t *testing.T) {
				t.Parallel()
				on(t, func(t *testing.T, e ensemble.Ensemble) {
					a, b := newClient(t, e), newClient(t, e)
					has := w.strike(a, i+1)
					run(t, a, b, freshPath())
					runs.Add(1)
					if has() { // otherwise this run needed fewer requests
						landed.Add(1)
					}
				})
			})
		}
	}
}

// shortly has no divisor in common with the numbers of blows, so that each of them has its turn.
const shortly = 7

// rehearse runs a scenario without faults and returns the requests that a sent.
func rehearse(t *testing.T, on place, run scenario) []request {
	t.Helper()
	var requests []request
	t.Run("no loss", func(t *testing.T) {
		on(t, func(t *testing.T, e ensemble.Ensemble) {
			a, b := newClient(t, e), newClient(t, e)
			a.record(nil)
			run(t, a, b, freshPath())
			requests = a.recorded()
		})
	})
	if len(requests) == 0 {
		t.Fatal("no requests were recorded")
	}
	t.Logf("requests: %v", requests)
	return requests
}

// interrupted is a use of a recipe by a that something will interrupt. act is the call,
// and done checks afterwards what became of it.
type interrupted struct {
	prepare func(t *testing.T, a, b *client, path string)
	act     func(ctx context.Context, a *client, path string) error
	done    func(t *testing.T, a, b *client, path string, err error)
}

// everyMoment runs a use once as it is, and then once for each request of act,
// with interrupt called at that moment, all in virtual time.
func everyMoment(t *testing.T, make func() interrupted, interrupt func(a *client, cancel func())) {
	n := 0
	t.Run("rehearsal", func(t *testing.T) {
		simulated(t, func(t *testing.T, e ensemble.Ensemble) {
			u, a, b, path := make(), newClient(t, e), newClient(t, e), freshPath()
			u.prepare(t, a, b, path)
			a.record(nil)
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			err := u.act(ctx, a, path)
			n = len(a.recorded())
			u.done(t, a, b, path, err)
		})
	})
	for i := 1; i <= n; i++ {
		t.Run(fmt.Sprintf("request %d of %d", i, n), func(t *testing.T) {
			t.Parallel()
			simulated(t, func(t *testing.T, e ensemble.Ensemble) {
				u, a, b, path := make(), newClient(t, e), newClient(t, e), freshPath()
				u.prepare(t, a, b, path)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				var interruption sync.WaitGroup
				a.record(func(n int, _ request) {
					if n == i {
						interruption.Go(func() { interrupt(a, cancel) })
					}
				})
				late := time.AfterFunc(700*time.Millisecond, cancel) // in case it goes on in spite of the interruption
				defer late.Stop()
				began := time.Now()
				err := u.act(ctx, a, path)
				a.record(nil)
				interruption.Wait() // otherwise it would come in the middle of done
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("the call took %v", took)
				}
				u.done(t, a, b, path, err)
			})
		})
	}
}

func cancelled(_ *client, cancel func()) { cancel() }

func expired(a *client, _ func()) { a.expire() }

func noEffect(err error) bool {
	var e interface{ NoEffect() bool }
	return errors.As(err, &e) && e.NoEffect()
}
