package recipes

import (
	"context"
	"sync"
)

// exclusive is what a lock and an election have in common: at most one of all
// clients holds it, and is told when it has lost it. It is safe for concurrent
// use.
type exclusive struct {
	calls
	line
	data []byte // of the contender's znode

	mu     sync.Mutex
	trying bool
	hold   *hold // from the grant until it is given back, also when lost
}

func newExclusive(s *Session, path, kind string, data []byte) *exclusive {
	return &exclusive{calls: newCalls(), line: line{s: s, path: path, kind: kind}, data: data}
}

// take waits for the hold. No error of it leaves a hold behind.
func (x *exclusive) take(ctx context.Context, op string) error {
	if len(x.data) > MaxItem {
		return without(op, x.path, ErrTooLarge)
	}
	ctx, end, err := x.start(ctx, x.path)
	if err != nil {
		return without(op, x.path, err)
	}
	defer end()
	if !x.begin() {
		return without(op, x.path, ErrHeld)
	}
	h, err := x.acquire(ctx, x.data)
	if err = x.finish(h, err); err != nil {
		return without(op, x.path, x.cause(err))
	}
	return nil
}

// begin lets one call at a time try.
func (x *exclusive) begin() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.trying || x.hold != nil && !x.hold.isLost() {
		return false
	}
	x.trying = true
	x.hold = nil
	return true
}

// finish takes over what the try has come to.
func (x *exclusive) finish(h *hold, err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.trying = false
	if err != nil {
		return err
	}
	if x.ctx.Err() != nil {
		h.end(true)
		x.abandon(h.c)
		return ErrClosed
	}
	x.hold = h
	return nil
}

// give gives the hold back.
func (x *exclusive) give(ctx context.Context, op string) error {
	x.mu.Lock()
	h := x.hold
	x.hold = nil
	x.mu.Unlock()
	switch {
	case h == nil && x.ctx.Err() != nil:
		return without(op, x.path, ErrClosed)
	case h == nil:
		return without(op, x.path, ErrNotHeld)
	case !h.end(false):
		return perhaps(op, x.path, ErrLost)
	}
	if err := x.leave(ctx, h.c); err != nil {
		return perhaps(op, x.path, err)
	}
	return nil
}

// close gives back what is held, ends what waits, and waits for clean-ups.
func (x *exclusive) close(ctx context.Context, op string) error {
	x.calls.close()
	x.mu.Lock()
	h := x.hold
	x.hold = nil
	x.mu.Unlock()
	if h != nil && h.end(true) {
		x.abandon(h.c)
	}
	for _, group := range []*tasks{&x.calls.tasks, &x.line.tasks} {
		if err := group.wait(ctx); err != nil {
			return perhaps(op, x.path, err)
		}
	}
	return nil
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

// held returns the contender of the present hold, nil if there is none.
func (x *exclusive) held() *contender {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.hold == nil {
		return nil
	}
	return x.hold.c
}

func (x *exclusive) fence() int64 {
	if c := x.held(); c != nil {
		return c.czxid
	}
	return 0
}

func (x *exclusive) session() int64 {
	if c := x.held(); c != nil {
		return c.life.id
	}
	return 0
}
