package client

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// WatchRestoreDelay is how long requests wait after a connect. go-zookeeper puts
// its watches back relative to the last zxid that it has seen when it gets to do
// so, which is too late if an answer has come on the new connection before: a
// change in between would never be told.
const WatchRestoreDelay = 5 * time.Millisecond

// wakeWaiters wakes everybody who waits for an event of the session.
func (s *Client) wakeWaiters(state zk.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == zk.StateHasSession {
		s.usableAt = time.Now().Add(WatchRestoreDelay)
	}
	close(s.event)
	s.event = make(chan struct{})
}

// NextEvent returns a channel that closes at the next event of the session.
func (s *Client) NextEvent() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.event
}

// AwaitSession waits for a session to work in, until ctx or s ends.
func (s *Client) AwaitSession(ctx context.Context) (*Session, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.Context.Err() != nil {
			return nil, failures.ErrClosed
		}
		event := s.NextEvent()
		if z := s.current(); z != nil && s.Usable() {
			return z, nil
		}
		s.awaitEvent(ctx, nil, event)
	}
}

// AwaitConnected waits until requests can be sent in z. go-zookeeper would take
// them earlier, but send them later, and perhaps in another session.
func (s *Client) AwaitConnected(ctx context.Context, z *Session) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.IsCurrent(z) {
			return s.endError()
		}
		event := s.NextEvent()
		if s.Usable() {
			return nil
		}
		s.awaitEvent(ctx, z.Gone, event)
	}
}

// Usable reports whether requests can be sent.
func (s *Client) Usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Conn.State() == zk.StateHasSession && !time.Now().Before(s.usableAt)
}

// awaitEvent waits for event, but not for long: events can be lost, and there is
// none when watchRestoreDelay is over.
func (s *Client) awaitEvent(ctx context.Context, gone, event <-chan struct{}) {
	t := time.NewTimer(s.pollInterval() + turn(ctx))
	defer t.Stop()
	select {
	case <-event:
	case <-t.C:
	case <-gone:
	case <-ctx.Done():
	case <-s.Context.Done():
	}
}

func (s *Client) pollInterval() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := time.Until(s.usableAt); left > 0 {
		return left
	}
	return min(max(s.Timeout/40, time.Millisecond), 100*time.Millisecond)
}
