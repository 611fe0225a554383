package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/link"
)

// A scenario is one use of a recipe by client a, with b beside it, on a path of
// its own. It reports what breaks the recipe's promise.
type scenario func(t *testing.T, a, b *client, path string)

// everyLoss runs a scenario once as it is, and then once for each request that a
// sent, with this request lost, and with its reply lost.
func everyLoss(t *testing.T, run scenario) { everyLossOf(t, newClient, run) }

// everyLossOf is everyLoss with clients of another ensemble.
func everyLossOf(t *testing.T, newClient func(*testing.T) *client, run scenario) {
	requests := rehearse(t, newClient, run)
	var lost atomic.Int32
	t.Cleanup(func() { // when the parallel runs are done
		if all := 2 * len(requests); int(lost.Load()) < all*3/4 {
			t.Errorf("only in %d of %d runs something was lost", lost.Load(), all)
		}
	})
	for i, r := range requests {
		for _, what := range []link.What{link.Request, link.Reply} {
			t.Run(fmt.Sprintf("%v %d of %v", what, i+1, r), func(t *testing.T) {
				t.Parallel()
				a, b := newClient(t), newClient(t)
				loss, err := a.link.Lose(link.Rule{What: what, Nth: i + 1})
				if err != nil {
					t.Fatal(err)
				}
				run(t, a, b, freshPath())
				if len(loss.Lost()) > 0 { // else this run needed fewer requests
					lost.Add(1)
				}
			})
		}
	}
}

// everyTwoLosses loses the replies to two requests that follow each other, so
// that also what comes to the rescue fails.
func everyTwoLosses(t *testing.T, run scenario) {
	for i, r := range rehearse(t, newClient, run) {
		t.Run(fmt.Sprintf("%d of %v", i+1, r), func(t *testing.T) {
			t.Parallel()
			a, b := newClient(t), newClient(t)
			for nth := i + 1; nth <= i+2; nth++ {
				if _, err := a.link.Lose(link.Rule{What: link.Reply, Nth: nth}); err != nil {
					t.Fatal(err)
				}
			}
			run(t, a, b, freshPath())
		})
	}
}

// rehearse runs a scenario without faults and returns the requests that a sent.
func rehearse(t *testing.T, newClient func(*testing.T) *client, run scenario) []request {
	t.Helper()
	var requests []request
	t.Run("no loss", func(t *testing.T) {
		a, b := newClient(t), newClient(t)
		a.record(nil)
		run(t, a, b, freshPath())
		requests = a.recorded()
	})
	if len(requests) == 0 {
		t.Fatal("no requests were recorded")
	}
	t.Logf("requests: %v", requests)
	return requests
}

// interrupted is a use of a recipe by a that something will interrupt: act is
// the call, and done checks afterwards what the call has come to.
type interrupted struct {
	prepare func(t *testing.T, a, b *client, path string)
	act     func(ctx context.Context, a *client, path string) error
	done    func(t *testing.T, a, b *client, path string, err error)
}

// everyMoment runs a use once as it is, and then once for each request of act,
// with interrupt called at that moment.
func everyMoment(t *testing.T, make func() interrupted, interrupt func(a *client, cancel func())) {
	n := 0
	t.Run("rehearsal", func(t *testing.T) {
		u, a, b, path := make(), newClient(t), newClient(t), freshPath()
		u.prepare(t, a, b, path)
		a.record(nil)
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		err := u.act(ctx, a, path)
		n = len(a.recorded())
		u.done(t, a, b, path, err)
	})
	for i := 1; i <= n; i++ {
		t.Run(fmt.Sprintf("request %d of %d", i, n), func(t *testing.T) {
			t.Parallel()
			u, a, b, path := make(), newClient(t), newClient(t), freshPath()
			u.prepare(t, a, b, path)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var interruption sync.WaitGroup
			a.record(func(n int, _ request) {
				if n == i {
					interruption.Go(func() { interrupt(a, cancel) })
				}
			})
			late := time.AfterFunc(700*time.Millisecond, cancel) // if it goes on in spite of it
			defer late.Stop()
			began := time.Now()
			err := u.act(ctx, a, path)
			a.record(nil)
			interruption.Wait() // or it would come in the midst of what done does
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the call took %v", took)
			}
			u.done(t, a, b, path, err)
		})
	}
}

func cancelled(_ *client, cancel func()) { cancel() }

func expired(a *client, _ func()) { a.expire() }

func noEffect(err error) bool {
	var e interface{ NoEffect() bool }
	return errors.As(err, &e) && e.NoEffect()
}
