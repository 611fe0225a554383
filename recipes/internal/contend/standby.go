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

// Standby lets clients wait for the same change of a recipe's znodes when only one of them can use
// it. They stand in line, and only the first ones watch, so that a change does not wake all of
// them.
//
// It takes two writes to line up, which a client that waits alone need not make: unless All is set,
// a call watches at once, and lines up only after a change woke it and another client was faster.
// So a call wakes up in vain at most once before it is in front.
type Standby struct {
	Line Line // the line of the clients that do not watch
	All  bool // each waiter lines up first
	// beaten means that a call of this value woke up in vain, and that no call was served since.
	beaten atomic.Bool
}

// Waiters is how many clients in line watch: more than one, so that a slow client does not keep the
// others waiting.
const Waiters = 2

// NewStandby returns a Standby with znodes of that kind in folder. All waiters must be able to use
// the same change: two of them watch for the others.
func NewStandby(cl *client.Client, folder, kind string) *Standby {
	return &Standby{Line: Line{Recipe: calls.New(cl, folder), Folder: folder, Kind: kind, Places: Waiters}}
}

// Waiter is one waiting call. Only one goroutine may use it.
type Waiter struct {
	*Standby
	place   *Contender // in the line, or nil
	already bool       // a change woke it before it was in the line
}

// Watches reports whether the call watches for the change. Otherwise it lines up.
func (w *Waiter) Watches(z *client.Session) bool {
	if w.place != nil && w.place.Session == z {
		return true
	}
	return !w.All && !w.already && !w.beaten.Load()
}

// Woken records whether a watch of the call has fired.
func (w *Waiter) Woken(changed ...<-chan zk.Event) {
	for _, ch := range changed {
		w.already = w.already || client.Fired(ch)
	}
}

// LineUp waits in line until the call may watch. It returns ErrAgain if another client removed the
// znode or the folder.
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

// Served records that the call got what it waited for: the next call watches at once.
func (w *Waiter) Served() { w.beaten.Store(false) }

// Leave leaves the line in the background.
func (w *Waiter) Leave() {
	if w.place != nil {
		w.Line.Abandon(w.place)
		w.place = nil
	}
}

// Again returns ErrAgain if err is nil, or means that another client removed a znode, and otherwise
// err.
func Again(err error) error {
	if err == nil || errors.Is(err, failures.ErrRemoved) || errors.Is(err, zk.ErrNoNode) {
		return calls.ErrAgain
	}
	return err
}
