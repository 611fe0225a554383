package contend

import (
	"context"
	"errors"
	"sync"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// Exclusive is shared by all recipes with holds: only a number of clients hold it at a time, and
// each is told when it has lost its hold. It is safe for concurrent use.
type Exclusive struct {
	Line
	data []byte // of the contender's znode
	// Unfenced: holds have no fencing token, as a later hold does not mean that an earlier one is
	// over.
	Unfenced bool

	mu sync.Mutex
	at Standing
}

// Standing is the state of an Exclusive.
type Standing struct {
	Trying bool          // a call waits for the hold
	Hold   *Hold         // from the grant until it is given back, even if it is lost
	Again  bool          // the last hold was lost, or the present one follows a lost one
	Ended  int64         // the token of the last hold if it was lost and no call has tried since, else 0
	News   chan struct{} // closed when any of this changes; nil when no goroutine waits
}

// Stands returns the state of x. Its News is never nil.
func (x *Exclusive) Stands() Standing {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at.News == nil {
		x.at.News = make(chan struct{})
	}
	return x.at
}

// NewExclusive returns an Exclusive for one holder at a time. Its contenders on path have that kind
// and data.
func NewExclusive(cl *client.Client, path, kind string, data []byte) *Exclusive {
	return &Exclusive{Line: Line{Recipe: calls.New(cl, path), Folder: path, Kind: kind, Places: 1, Forewarned: true}, data: data}
}

// Take waits for the hold. If it returns an error, there is no hold.
func (x *Exclusive) Take(ctx context.Context, op string) error {
	_, err := x.Grant(ctx, op, x.Line, true)
	return err
}

// Try takes the hold unless other contenders have it or wait for it.
func (x *Exclusive) Try(ctx context.Context, op string) (taken bool, err error) {
	return x.TryIn(ctx, op, x.Line)
}

// TryIn is like Try, in the given line.
func (x *Exclusive) TryIn(ctx context.Context, op string, q Line) (taken bool, err error) {
	_, err = x.Grant(ctx, op, q, false)
	if errors.Is(err, errBusy) {
		return false, nil
	}
	return err == nil, err
}

// Grant takes the hold, for Take and Try, and makes it the present one. Its contender stands in q.
func (x *Exclusive) Grant(ctx context.Context, op string, q Line, wait bool) (*Hold, error) {
	if len(x.data) > client.MaxData {
		return nil, x.Definite(op, failures.ErrTooLarge)
	}
	ctx, end, err := x.Start(ctx)
	if err != nil {
		return nil, x.Definite(op, err)
	}
	defer end()
	if !x.begin() {
		return nil, x.Definite(op, failures.ErrHeld)
	}
	h, err := q.acquire(ctx, x.data, wait)
	if err = x.finish(h, err); err != nil {
		return nil, x.Definite(op, err)
	}
	return h, nil
}

// begin lets one call at a time try.
func (x *Exclusive) begin() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at.Trying || x.at.Hold != nil && !x.at.Hold.IsLost() {
		return false
	}
	x.setHold(nil)
	x.at.Trying, x.at.Ended = true, 0
	return true
}

// finish stores the result of a try.
func (x *Exclusive) finish(h *Hold, err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.at.Trying = false
	x.announce()
	if err != nil {
		return err
	}
	if x.Context.Err() != nil {
		h.End(true)
		h.Line.Abandon(h.Contender)
		return failures.ErrClosed
	}
	x.setHold(h)
	return nil
}

// setHold makes h the present hold; nil means that there is none. x.mu must be held.
func (x *Exclusive) setHold(h *Hold) {
	if x.at.Hold != nil {
		x.at.Again, x.at.Ended = x.at.Hold.IsLost(), 0
		if x.at.Again {
			x.at.Ended = x.at.Hold.Contender.Czxid
		}
	}
	x.at.Hold = h
	x.announce()
}

// announce wakes the goroutines that wait for news. x.mu must be held.
func (x *Exclusive) announce() {
	if x.at.News != nil {
		close(x.at.News)
		x.at.News = nil
	}
}

// Release gives the hold back.
func (x *Exclusive) Release(ctx context.Context, op string) error {
	h := x.drop()
	switch {
	case h == nil && x.Context.Err() != nil:
		return x.Definite(op, failures.ErrClosed)
	case h == nil:
		return x.Definite(op, failures.ErrNotHeld)
	case !h.End(false):
		return x.Indefinite(op, failures.ErrLost)
	}
	if err := h.Line.Leave(ctx, h.Contender); err != nil {
		return x.Client.Options.Failed(failures.Failure{Op: op, Path: x.Path, Err: err})
	}
	return nil
}

// Close gives the hold back, ends calls that wait, and waits for clean-ups.
func (x *Exclusive) Close(ctx context.Context, op string) error {
	x.StopCalls()
	if h := x.drop(); h != nil && h.End(true) {
		h.Line.Abandon(h.Contender)
	}
	return x.Drain(ctx, op)
}

// drop forgets the present hold and returns it, or nil if there is none.
func (x *Exclusive) drop() *Hold {
	x.mu.Lock()
	defer x.mu.Unlock()
	h := x.at.Hold
	x.setHold(nil)
	return h
}

// Lost returns a channel that closes when the present hold is lost. Without a hold the channel is
// closed.
func (x *Exclusive) Lost() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at.Hold == nil {
		return noHold
	}
	return x.at.Hold.Lost
}

var noHold = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Present returns the present hold, or nil if there is none.
func (x *Exclusive) Present() *Hold {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.at.Hold
}

// Held returns the contender of the present hold, or nil if there is none.
func (x *Exclusive) Held() *Contender {
	if h := x.Present(); h != nil {
		return h.Contender
	}
	return nil
}

// Fence returns the fencing token of the present hold, or 0 if there is none.
func (x *Exclusive) Fence() int64 {
	if c := x.Held(); c != nil {
		return c.Czxid
	}
	return 0
}

// tokenOf returns the fencing token of a hold, or 0 if x is unfenced.
func (x *Exclusive) tokenOf(h *Hold) int64 {
	if x.Unfenced {
		return 0
	}
	return h.Contender.Czxid
}

// Session returns the id of the session that owns the present hold, or 0 if there is none.
func (x *Exclusive) Session() int64 {
	if c := x.Held(); c != nil {
		return c.Session.ID
	}
	return 0
}
