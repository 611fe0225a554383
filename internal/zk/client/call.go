package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// call is a request that waits for its reply.
type call struct {
	watch *watch // the watch that a reply sets
	done  chan zkclient.Frame
	err   error // set before done is closed: why asking again is useless
}

// read sends a request that may be sent again, until it is answered.
func (c *Client) read(ctx context.Context, op wire.Op, record any, w *watch) (zkclient.Frame, error) {
	ctx, cancel := c.patient(ctx)
	defer cancel()
	for {
		f, err := c.exchange(ctx, op, record, w)
		if late := new(unanswered); errors.As(err, &late) {
			return f, late.why
		}
		if !errors.Is(err, wire.ConnectionLoss) {
			return f, err
		}
	}
}

// write sends a request once. wire.ConnectionLoss means that the connection was lost before the reply. If the
// caller stopped waiting for the reply, the error also says so.
func (c *Client) write(ctx context.Context, op wire.Op, record any) (zkclient.Frame, error) {
	ctx, cancel := c.patient(ctx)
	defer cancel()
	f, err := c.exchange(ctx, op, record, nil)
	if errors.Is(err, wire.ErrFrameSize) { // an answer was too large, perhaps that to another request
		err = wire.ConnectionLoss
	}
	if errors.Is(err, wire.ConnectionLoss) {
		if n := len(wire.AppendRequest(wire.RequestHeader{}.Append(nil), op, record)); n > wire.MaxRequest {
			err = &TooLarge{n, err}
		}
	}
	return f, err
}

// TooLarge is the loss of a connection after a request of more than wire.MaxRequest bytes was sent on
// it: servers then end the connection, unless they are configured to accept more.
type TooLarge struct {
	Bytes int // of the request
	Err   error
}

func (e *TooLarge) Error() string { return fmt.Sprintf("%v, sending %d bytes", e.Err, e.Bytes) }

// Unwrap returns the connection loss.
func (e *TooLarge) Unwrap() error { return e.Err }

// LargeReply is the error of a read with a reply of more bytes than the client takes.
type LargeReply struct {
	Bytes int // of the reply
	Limit int
}

func (e *LargeReply) Error() string {
	return fmt.Sprintf("%v: the reply has %d bytes, and the limit is %d", wire.ErrFrameSize, e.Bytes, e.Limit)
}

// Unwrap returns wire.ErrFrameSize.
func (e *LargeReply) Unwrap() error { return wire.ErrFrameSize }

func (c *Client) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.cfg.Patience == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, c.cfg.Patience, errPatience)
}

// exchange sends a request over the present connection, or over the next one if there is none now. If the
// reply has an error code, exchange returns it as the error.
func (c *Client) exchange(ctx context.Context, op wire.Op, record any, w *watch) (zkclient.Frame, error) {
	call := &call{watch: w, done: make(chan zkclient.Frame, 1)}
	if err := c.send(ctx, op, record, call); err != nil {
		return zkclient.Frame{}, err
	}
	select {
	case f := <-call.done:
		if call.err != nil {
			return f, call.err
		}
		if f.Header.Err != wire.OK {
			return f, f.Header.Err
		}
		return f, nil
	case <-ctx.Done():
		return zkclient.Frame{}, &unanswered{context.Cause(ctx)}
	}
}

// unanswered is the error of a call that stopped waiting for the answer to a request that was sent.
type unanswered struct{ why error }

func (e *unanswered) Error() string {
	return e.why.Error() + ": it was sent, and may or may not have been done"
}
func (e *unanswered) Unwrap() error { return e.why }

// MayBeDone reports whether an error means that the client stopped waiting for the answer to a write, so that
// the write may or may not have been done.
func MayBeDone(err error) bool {
	var sent *unanswered
	return errors.As(err, &sent)
}

// send waits for a connection and writes. When that fails, or ctx ends within a frame,
// the connection is of no more use.
func (c *Client) send(ctx context.Context, op wire.Op, record any, call *call) error {
	for {
		if err := c.awaitUp(ctx); err != nil {
			return err
		}
		if c.writing.Acquire(ctx, 1) != nil {
			return context.Cause(ctx)
		}
		link, xid := c.register(call)
		if link == nil {
			c.writing.Release(1)
			continue
		}
		err := link.SendXid(ctx, xid, op, record)
		c.writing.Release(1)
		if err != nil {
			link.Close() // its reader tells all waiting calls
		}
		return nil
	}
}

func (c *Client) register(call *call) (*link, int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil || c.link.ending {
		return nil, 0
	}
	c.xid++
	c.link.calls[c.xid] = call
	return c.link, c.xid
}

func (c *Client) awaitUp(ctx context.Context) error {
	c.mu.Lock()
	up := c.up
	c.mu.Unlock()
	if await.Closed(up) {
		return nil
	}
	select {
	case <-up:
		return nil
	case <-c.ended:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// answered passes a reply to the call that waits for it. It records the reply's watch before the next
// frame is read, which may be the watch's event.
func (c *Client) answered(f zkclient.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = max(c.told, f.Header.Zxid)
	c.lastZxid = max(c.lastZxid, c.told)
	call := c.link.calls[f.Header.Xid]
	if call == nil {
		return
	}
	delete(c.link.calls, f.Header.Xid)
	if unknown(f.Op, f.Header.Err) && !c.link.ending { // requests that are sent now would get no answer
		c.link.ending, c.up = true, make(chan struct{})
		c.link.Close()
	}
	if f.TooLarge > 0 {
		call.err = &LargeReply{f.TooLarge, cmp.Or(c.cfg.MaxFrame, wire.MaxFrame)}
	}
	if call.watch != nil {
		c.watches.answered(*call.watch, f.Header.Err)
	}
	call.done <- f
}

func (c *Client) dialer(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return c.cfg.dial(ctx, addr) }
}
