package contend

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// Standby is all clients that wait for the same change of a recipe's znodes, of which one can
// use it. So that not all are woken by each they stand in line, and those in front watch.
//
// To line up takes two writes, which a client that waits alone need not pay: unless all are
// to, a call watches at once, and lines up when it was woken and somebody else was quicker.
// So a call is woken for nothing once at most before it is in front.
type Standby struct {
	Line Line // in which those stand that do not watch
	All  bool // whoever waits lines up first
	// beaten: a call of this value was woken for nothing, and none was served since.
	beaten atomic.Bool
}

// Waiters is how many of those in line watch: more than one, so that one which is slow
// keeps nobody else waiting.
const Waiters = 2

// NewStandby returns those that wait with znodes of that kind in folder. All of them must be able
// to use the same: two of them watch for the others.
func NewStandby(cl *client.Client, folder, kind string) *Standby {
	return &Standby{Line: Line{Recipe: calls.New(cl, folder), Folder: folder, Kind: kind, Places: Waiters}}
}

// Waiter is one call of those who wait. It is for one goroutine.
type Waiter struct {
	*Standby
	place   *Contender // in the line; nil: none
	already bool       // it was woken before it was in the line
}

// Watches says whether the call is to watch for what it waits for; else it is to line up.
func (w *Waiter) Watches(z *client.Session) bool {
	if w.place != nil && w.place.Session == z {
		return true
	}
	return !w.All && !w.already && !w.beaten.Load()
}

// Woken takes in that a watch of the call may have fired.
func (w *Waiter) Woken(changed ...<-chan zk.Event) {
	for _, ch := range changed {
		w.already = w.already || client.Fired(ch)
	}
}

// LineUp waits in line until it is time to watch. Its error asks for another attempt where
// somebody removed what was made.
func (w *Waiter) LineUp(ctx context.Context, z *client.Session) error {
	w.beaten.Store(true)
	c, err := w.Line.Join(ctx, z, nil)
	if err != nil {
		return Again(err)
	}
	w.place = c
	if err := w.Line.Front(ctx, c, true, nil); err != nil {
		w.Leave()
		return Again(err)
	}
	return nil
}

// Served takes in that the call got what it waited for: the next one watches at once.
func (w *Waiter) Served() { w.beaten.Store(false) }

// Leave leaves the line in the background.
func (w *Waiter) Leave() {
	if w.place != nil {
		w.Line.Abandon(w.place)
		w.place = nil
	}
}

// Again asks for another attempt where somebody removed what was made.
func Again(err error) error {
	if err == nil || errors.Is(err, failures.ErrRemoved) || errors.Is(err, zk.ErrNoNode) {
		return calls.ErrAgain
	}
	return err
}
