package client

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// WatchRestoreDelay is how long requests wait after a connect. go-zookeeper restores its watches
// relative to the last zxid that it has seen by then. If an answer has come on the new connection
// before, that zxid is too late, and go-zookeeper never reports a change in between.
const WatchRestoreDelay = 5 * time.Millisecond

// wakeWaiters wakes all goroutines that wait for an event of the session.
func (cl *Client) wakeWaiters(state zk.State) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if state == zk.StateHasSession {
		cl.usableAt = time.Now().Add(WatchRestoreDelay)
	}
	close(cl.event)
	cl.event = make(chan struct{})
}

// NextEvent returns a channel that closes at the next event of the session.
func (cl *Client) NextEvent() <-chan struct{} {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return cl.event
}

// AwaitSession waits for a session to work in, until ctx or the client ends.
func (cl *Client) AwaitSession(ctx context.Context) (*Session, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if cl.Context.Err() != nil {
			return nil, failures.ErrClosed
		}
		event := cl.NextEvent()
		if z := cl.current(); z != nil && cl.Usable() {
			return z, nil
		}
		cl.awaitEvent(ctx, nil, event)
	}
}

// AwaitConnected waits until requests can be sent in z. go-zookeeper would accept them earlier, but
// send them later, and perhaps in another session.
func (cl *Client) AwaitConnected(ctx context.Context, z *Session) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !cl.IsCurrent(z) {
			return cl.endError()
		}
		event := cl.NextEvent()
		if cl.Usable() {
			return nil
		}
		cl.awaitEvent(ctx, z.Gone, event)
	}
}

// Usable reports whether requests can be sent.
func (cl *Client) Usable() bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return cl.Conn.State() == zk.StateHasSession && !time.Now().Before(cl.usableAt)
}

// awaitEvent waits for event, but not for long: events can get lost, and no event marks the end of
// WatchRestoreDelay.
func (cl *Client) awaitEvent(ctx context.Context, gone, event <-chan struct{}) {
	t := time.NewTimer(cl.pollInterval() + jitter(ctx))
	defer t.Stop()
	select {
	case <-event:
	case <-t.C:
	case <-gone:
	case <-ctx.Done():
	case <-cl.Context.Done():
	}
}

func (cl *Client) pollInterval() time.Duration {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if left := time.Until(cl.usableAt); left > 0 {
		return left
	}
	return min(max(cl.Timeout/40, time.Millisecond), 100*time.Millisecond)
}
