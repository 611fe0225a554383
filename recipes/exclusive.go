package recipes

import (
	"context"
	"errors"
	"sync"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// exclusive is what everything that is held has in common: only so many of
// all clients hold it at a time, and each is told when it has lost it. It is safe for
// concurrent use.
type exclusive struct {
	line
	data []byte // of the contender's znode
	// unfenced: the order in which holds began says nothing of which of them last.
	unfenced bool

	mu sync.Mutex
	standing
}

// standing is how an exclusive stands.
type standing struct {
	trying bool
	hold   *hold         // from the grant until it is given back, also when lost
	again  bool          // the last hold was lost, or the present one follows on such a one
	ended  int64         // the token of the last hold if it was lost and nobody has tried since, else 0
	news   chan struct{} // closed when any of this changes; nil when nobody waits
}

// stands returns how x stands. Its news is never nil.
func (x *exclusive) stands() standing {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.news == nil {
		x.news = make(chan struct{})
	}
	return x.standing
}

func newExclusive(s *client.Client, path, kind string, data []byte) *exclusive {
	return &exclusive{line: line{Recipe: calls.New(s, path), folder: path, kind: kind, places: 1, forewarned: true}, data: data}
}

// take waits for the hold. No error of it leaves a hold behind.
func (x *exclusive) take(ctx context.Context, op string) error {
	_, err := x.grant(ctx, op, x.line, true)
	return err
}

// try takes the hold unless others have it or wait for it.
func (x *exclusive) try(ctx context.Context, op string) (taken bool, err error) {
	return x.tryIn(ctx, op, x.line)
}

func (x *exclusive) tryIn(ctx context.Context, op string, q line) (taken bool, err error) {
	_, err = x.grant(ctx, op, q, false)
	if errors.Is(err, errBusy) {
		return false, nil
	}
	return err == nil, err
}

// grant gives the hold that take and try make the present one. Its contender stands in q.
func (x *exclusive) grant(ctx context.Context, op string, q line, wait bool) (*hold, error) {
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
func (x *exclusive) begin() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.trying || x.hold != nil && !x.hold.isLost() {
		return false
	}
	x.setHold(nil)
	x.trying, x.ended = true, 0
	return true
}

// finish takes over what the try has come to.
func (x *exclusive) finish(h *hold, err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.trying = false
	x.announce()
	if err != nil {
		return err
	}
	if x.Context.Err() != nil {
		h.end(true)
		h.line.abandon(h.c)
		return failures.ErrClosed
	}
	x.setHold(h)
	return nil
}

// setHold makes h the present hold, or makes that there is none. x.mu must be held.
func (x *exclusive) setHold(h *hold) {
	if x.hold != nil {
		x.again, x.ended = x.hold.isLost(), 0
		if x.again {
			x.ended = x.hold.c.czxid
		}
	}
	x.hold = h
	x.announce()
}

// announce wakes those who wait for news. x.mu must be held.
func (x *exclusive) announce() {
	if x.news != nil {
		close(x.news)
		x.news = nil
	}
}

// release gives the hold back.
func (x *exclusive) release(ctx context.Context, op string) error {
	h := x.drop()
	switch {
	case h == nil && x.Context.Err() != nil:
		return x.Definite(op, failures.ErrClosed)
	case h == nil:
		return x.Definite(op, failures.ErrNotHeld)
	case !h.end(false):
		return x.Indefinite(op, failures.ErrLost)
	}
	if err := h.line.leave(ctx, h.c); err != nil {
		return x.Client.Options.Failed(failures.Failure{Op: op, Path: x.Path, Err: err})
	}
	return nil
}

// close gives back what is held, ends what waits, and waits for clean-ups.
func (x *exclusive) close(ctx context.Context, op string) error {
	x.StopCalls()
	if h := x.drop(); h != nil && h.end(true) {
		h.line.abandon(h.c)
	}
	return x.Drain(ctx, op)
}

// drop forgets the present hold and returns it, nil if there is none.
func (x *exclusive) drop() *hold {
	x.mu.Lock()
	defer x.mu.Unlock()
	h := x.hold
	x.setHold(nil)
	return h
}

// lost returns a channel that is closed once the present hold is lost; a closed
// one if there is none.
func (x *exclusive) lost() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.hold == nil {
		return noHold
	}
	return x.hold.lost
}

var noHold = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// present returns the present hold, nil if there is none.
func (x *exclusive) present() *hold {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.hold
}

// held returns the contender of the present hold, nil if there is none.
func (x *exclusive) held() *contender {
	if h := x.present(); h != nil {
		return h.c
	}
	return nil
}

func (x *exclusive) fence() int64 {
	if c := x.held(); c != nil {
		return c.czxid
	}
	return 0
}

// tokenOf is the fencing token of a hold, 0 if it is none.
func (x *exclusive) tokenOf(h *hold) int64 {
	if x.unfenced {
		return 0
	}
	return h.c.czxid
}

func (x *exclusive) session() int64 {
	if c := x.held(); c != nil {
		return c.session.ID
	}
	return 0
}
