package recipes

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// watchRestoreDelay is how long requests wait after a connect. go-zookeeper puts
// its watches back relative to the last zxid that it has seen when it gets to do
// so, which is too late if an answer has come on the new connection before: a
// change in between would never be told.
const watchRestoreDelay = 5 * time.Millisecond

// wakeWaiters wakes everybody who waits for an event of the session.
func (s *client) wakeWaiters(state zk.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == zk.StateHasSession {
		s.usableAt = time.Now().Add(watchRestoreDelay)
	}
	close(s.event)
	s.event = make(chan struct{})
}

// nextEvent returns a channel that closes at the next event of the session.
func (s *client) nextEvent() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.event
}

// awaitSession waits for a session to work in, until ctx or s ends.
func (s *client) awaitSession(ctx context.Context) (*zkSession, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.ctx.Err() != nil {
			return nil, failures.ErrClosed
		}
		event := s.nextEvent()
		if z := s.current(); z != nil && s.usable() {
			return z, nil
		}
		s.awaitEvent(ctx, nil, event)
	}
}

// awaitConnected waits until requests can be sent in z. go-zookeeper would take
// them earlier, but send them later, and perhaps in another session.
func (s *client) awaitConnected(ctx context.Context, z *zkSession) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.isCurrent(z) {
			return s.endError()
		}
		event := s.nextEvent()
		if s.usable() {
			return nil
		}
		s.awaitEvent(ctx, z.gone, event)
	}
}

// usable reports whether requests can be sent.
func (s *client) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.State() == zk.StateHasSession && !time.Now().Before(s.usableAt)
}

// awaitEvent waits for event, but not for long: events can be lost, and there is
// none when watchRestoreDelay is over.
func (s *client) awaitEvent(ctx context.Context, gone, event <-chan struct{}) {
	t := time.NewTimer(s.pollInterval() + turn(ctx))
	defer t.Stop()
	select {
	case <-event:
	case <-t.C:
	case <-gone:
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
}

func (s *client) pollInterval() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := time.Until(s.usableAt); left > 0 {
		return left
	}
	return min(max(s.timeout/40, time.Millisecond), 100*time.Millisecond)
}
