package recipes

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/recipes/internal/failures"
)

// client is a connection that knows on which ZooKeeper session it is, and since when no server
// has answered. It is safe for concurrent use.
//
// It goes by the connection's session id, which go-zookeeper sets to 0 before it
// says that a session expired. Events only make it look sooner: it does not matter
// when they come late or get lost. What they tell of znodes is relied on for its order alone
// (see deletions).
type client struct {
	options   options
	conn      *connection
	timeout   time.Duration
	watches   watches
	deletions deletions
	tasks     tasks // clean-ups of all its recipes
	turns     atomic.Uint64

	counters counters

	ctx  context.Context // ends with Close, or with the connection
	stop context.CancelFunc
	done chan struct{} // closed when run has returned

	mu       sync.Mutex
	closing  bool
	present  *zkSession    // nil before the first and after the last
	usableAt time.Time     // see watchRestoreDelay
	event    chan struct{} // closed and replaced at every event
}

// options are what a client is made with.
type options struct {
	ACL []zk.ACL     // of all znodes that are made
	Log *slog.Logger // nil: none
	// Failed makes the error of a call, and Refused that of a request that a server has refused.
	Failed  func(failures.Failure) error
	Refused func(request, path string, err error) error
}

// newClient returns a client of a connection and of its events, which are for it alone, or nil.
func newClient(c conn, events <-chan zk.Event, timeout time.Duration, o options) *client {
	ctx, stop := context.WithCancel(context.Background())
	s := &client{
		options: o, timeout: timeout, ctx: ctx, stop: stop,
		done: make(chan struct{}), event: make(chan struct{}),
	}
	s.conn = &connection{to: c, acl: o.ACL, refused: o.Refused, requests: &s.counters.requests}
	if events == nil {
		s.deletions.silence()
	}
	go s.run(events)
	return s
}

// ID returns the id of the present session, 0 if there is none.
func (s *client) ID() int64 {
	if z := s.current(); z != nil {
		return z.id
	}
	return 0
}

// Close waits until the clean-ups are done or ctx has ended, then ends them, and everything that
// still waits. The error is that of ctx, if clean-ups were cut short.
func (s *client) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	err := s.tasks.wait(ctx)
	s.stop()
	<-s.done
	return err
}

// run keeps s.present up to date until the session or the connection is closed.
func (s *client) run(events <-chan zk.Event) {
	defer close(s.done)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forget()
	}()
	tick := time.NewTicker(max(s.timeout/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case e, ok := <-events:
			if !ok { // go-zookeeper has closed the connection
				s.stop()
				return
			}
			s.current()
			if e.Type == zk.EventSession || overflown(events) {
				s.wakeWaiters(e.State)
			}
			if e.Type != zk.EventSession {
				s.deletions.take(e)
			}
		case <-tick.C:
			s.current()
		case <-s.ctx.Done():
			return
		}
	}
}

// current returns the present session, nil if there is none.
func (s *client) current() *zkSession {
	was, is, began := s.renew()
	if was != nil {
		s.counters.sessionsLost.Add(1)
		s.tell(slog.LevelWarn, "session is gone", "session", sessionID(was.id))
	}
	if began {
		s.counters.sessions.Add(1)
		s.tell(slog.LevelInfo, "session began", "session", sessionID(is.id))
	}
	return is
}

// renew brings the present session up to date. was is the one that is found to be gone; began
// says that there is a new one.
func (s *client) renew() (was, is *zkSession, began bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, nil, false
	}
	id := s.conn.SessionID()
	if s.present != nil && s.present.id != id {
		was = s.present
		s.forget()
	}
	if s.present == nil && id != 0 {
		s.present, began = &zkSession{id: id, gone: make(chan struct{})}, true
	}
	return was, s.present, began
}

// forget declares the present session gone. s.mu must be held.
func (s *client) forget() {
	if s.present != nil {
		close(s.present.gone)
		s.present = nil
	}
}

// isCurrent reports whether the connection is on z now. Ids never come back: if
// it is before and after something, it was all the time.
func (s *client) isCurrent(z *zkSession) bool {
	return s.conn.SessionID() == z.id && s.ctx.Err() == nil
}

// endError is the error of what cannot go on because its session is gone.
func (s *client) endError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.ctx.Err() != nil {
		return failures.ErrClosed
	}
	return failures.ErrSessionLost
}

// begin waits for a session to work in, for a call that a user made.
func (s *client) begin(ctx context.Context) (*zkSession, error) {
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return nil, failures.ErrClosed
	}
	return s.awaitSession(ctx)
}

// eachSession runs f in the present session, and again in the next one each time
// that it fails with ErrSessionLost.
func (s *client) eachSession(ctx context.Context, f func(z *zkSession) error) error {
	for {
		z, err := s.begin(ctx)
		if err != nil {
			return err
		}
		if err := f(z); !errors.Is(err, failures.ErrSessionLost) {
			return err
		}
	}
}

// grace is how long a cancelled call waits for the answer to what it has sent.
func (s *client) grace() time.Duration { return min(s.timeout/10, 200*time.Millisecond) }

// withGrace returns a context that outlives the caller's by the grace.
func (s *client) withGrace() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.withTurn(s.ctx), s.grace())
}

// sessionID is an id as servers write it.
func sessionID(id int64) string { return "0x" + strconv.FormatUint(uint64(id), 16) }
