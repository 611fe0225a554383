package recipes

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// standby is all clients that wait for the same change of a recipe's znodes, of which one can
// use it. So that not all are woken by each they stand in line, and those in front watch.
//
// To line up takes two writes, which a client that waits alone need not pay: unless all are
// to, a call watches at once, and lines up when it was woken and somebody else was quicker.
// So a call is woken for nothing once at most before it is in front.
type standby struct {
	line line
	all  bool // whoever waits lines up first
	// beaten: a call of this value was woken for nothing, and none was served since.
	beaten atomic.Bool
}

// waiters is how many of those in line watch: more than one, so that one which is slow
// keeps nobody else waiting.
const waiters = 2

// newStandby returns those that wait with znodes of that kind in folder. All of them must be able
// to use the same: two of them watch for the others.
func newStandby(s *client.Client, folder, kind string) *standby {
	return &standby{line: line{Recipe: calls.New(s, folder), folder: folder, kind: kind, places: waiters}}
}

// waiter is one call of those who wait. It is for one goroutine.
type waiter struct {
	*standby
	place   *contender // in the line; nil: none
	already bool       // it was woken before it was in the line
}

// watches says whether the call is to watch for what it waits for; else it is to line up.
func (w *waiter) watches(z *client.Session) bool {
	if w.place != nil && w.place.session == z {
		return true
	}
	return !w.all && !w.already && !w.beaten.Load()
}

// woken takes in that a watch of the call may have fired.
func (w *waiter) woken(changed ...<-chan zk.Event) {
	for _, ch := range changed {
		w.already = w.already || client.Fired(ch)
	}
}

// lineUp waits in line until it is time to watch. Its error asks for another attempt where
// somebody removed what was made.
func (w *waiter) lineUp(ctx context.Context, z *client.Session) error {
	w.beaten.Store(true)
	c, err := w.line.join(ctx, z, nil)
	if err != nil {
		return again(err)
	}
	w.place = c
	if err := w.line.front(ctx, c, true, nil); err != nil {
		w.leave()
		return again(err)
	}
	return nil
}

// served takes in that the call got what it waited for: the next one watches at once.
func (w *waiter) served() { w.beaten.Store(false) }

// leave leaves the line in the background.
func (w *waiter) leave() {
	if w.place != nil {
		w.line.abandon(w.place)
		w.place = nil
	}
}

// again asks for another attempt where somebody removed what was made.
func again(err error) error {
	if err == nil || errors.Is(err, failures.ErrRemoved) || errors.Is(err, zk.ErrNoNode) {
		return calls.ErrAgain
	}
	return err
}
