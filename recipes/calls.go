package recipes

import (
	"context"
	"sync"
)

// calls are the calls on one recipe that are under way, which end when the
// recipe is closed, and its clean-ups.
type calls struct {
	tasks tasks

	order *sync.Mutex     // of start and close
	ctx   context.Context // ends with close
	stop  context.CancelFunc
}

func newCalls() calls {
	ctx, stop := context.WithCancel(context.Background())
	return calls{order: new(sync.Mutex), ctx: ctx, stop: stop}
}

// start begins a call. Its context ends with close, too; end must be called.
func (c *calls) start(ctx context.Context, path string) (_ context.Context, end func(), err error) {
	if err := checkPath(path); err != nil {
		return nil, nil, err
	}
	c.order.Lock()
	defer c.order.Unlock()
	if c.ctx.Err() != nil {
		return nil, nil, ErrClosed
	}
	c.tasks.add()
	ctx, cancel := context.WithCancel(ctx)
	unbind := context.AfterFunc(c.ctx, cancel)
	return ctx, func() {
		unbind()
		cancel()
		c.tasks.done()
	}, nil
}

// close ends all calls and lets no more begin.
func (c *calls) close() {
	c.order.Lock()
	defer c.order.Unlock()
	c.stop()
}

// cause is err, or ErrClosed where close was the reason for the end of a call.
func (c *calls) cause(err error) error {
	if c.ctx.Err() != nil && stopped(err) {
		return ErrClosed
	}
	return err
}
