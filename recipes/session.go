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
)

// Session is a connection that knows on which ZooKeeper session it is, and since
// when no server has answered. All recipes of one client share one. It is safe
// for concurrent use.
//
// It goes by the connection's session id, which go-zookeeper sets to 0 before it
// says that a session expired. Events only make it look sooner: it does not matter
// when they come late or get lost. What they tell of znodes is relied on for its order alone
// (see deletions).
type Session struct {
	conn      *connection
	timeout   time.Duration
	watches   watches
	deletions deletions
	tasks     tasks // clean-ups of all its recipes
	turns     atomic.Uint64

	counters counters
	log      *slog.Logger // nil: none

	ctx  context.Context // ends with Close, or with the connection
	stop context.CancelFunc
	done chan struct{} // closed when run has returned

	mu       sync.Mutex
	closing  bool
	present  *zkSession    // nil before the first and after the last
	usableAt time.Time     // see watchRestoreDelay
	event    chan struct{} // closed and replaced at every event
}

// NewSession makes a session of a connection and its events. It reads events
// until they are closed, so they must be for it alone, and all of them, in their order; nil
// will do, at the price of noticing changes up to a tenth of the time-out later, and of a read
// more for a turn that comes. The time-out is the one that
// was negotiated, which the servers may have made shorter than the one asked for
// (go-zookeeper does not tell); a smaller value is on the safe side.
//
// Close it before the connection.
func NewSession(c *zk.Conn, events <-chan zk.Event, timeout time.Duration, options ...Option) *Session {
	return newSession(c, events, timeout, options...)
}

func newSession(c conn, events <-chan zk.Event, timeout time.Duration, options ...Option) *Session {
	ctx, stop := context.WithCancel(context.Background())
	s := &Session{
		timeout: timeout, ctx: ctx, stop: stop,
		done: make(chan struct{}), event: make(chan struct{}),
	}
	s.conn = &connection{to: c, acl: zk.WorldACL(zk.PermAll), requests: &s.counters.requests}
	for _, set := range options {
		set(s)
	}
	if events == nil {
		s.deletions.silence()
	}
	go s.run(events)
	return s
}

// ID returns the id of the present session, 0 if there is none.
func (s *Session) ID() int64 {
	if z := s.current(); z != nil {
		return z.id
	}
	return 0
}

// Await waits until there is a session and a server that answers, or ctx ends: other calls
// wait for as long as their contexts say, too, and a program that was given the wrong address
// should rather say so at its start. The error is that of ctx, or [ErrClosed].
func (s *Session) Await(ctx context.Context) error {
	_, err := s.begin(ctx)
	return err
}

// Close waits until the clean-ups of the session's recipes are done or ctx has
// ended, then ends them, and everything that still waits. Close the recipes
// first: a lock that is held stays held on the servers until the connection is
// closed, too. The error is that of ctx, if clean-ups were cut short. Closing
// again is fine.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	err := s.tasks.wait(ctx)
	s.stop()
	<-s.done
	return err
}

// run keeps s.present up to date until the session or the connection is closed.
func (s *Session) run(events <-chan zk.Event) {
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
func (s *Session) current() *zkSession {
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
func (s *Session) renew() (was, is *zkSession, began bool) {
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
func (s *Session) forget() {
	if s.present != nil {
		close(s.present.gone)
		s.present = nil
	}
}

// isCurrent reports whether the connection is on z now. Ids never come back: if
// it is before and after something, it was all the time.
func (s *Session) isCurrent(z *zkSession) bool {
	return s.conn.SessionID() == z.id && s.ctx.Err() == nil
}

// endError is the error of what cannot go on because its session is gone.
func (s *Session) endError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.ctx.Err() != nil {
		return ErrClosed
	}
	return ErrSessionLost
}

// begin waits for a session to work in, for a call that a user made.
func (s *Session) begin(ctx context.Context) (*zkSession, error) {
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return nil, ErrClosed
	}
	return s.awaitSession(ctx)
}

// eachSession runs f in the present session, and again in the next one each time
// that it fails with ErrSessionLost.
func (s *Session) eachSession(ctx context.Context, f func(z *zkSession) error) error {
	for {
		z, err := s.begin(ctx)
		if err != nil {
			return err
		}
		if err := f(z); !errors.Is(err, ErrSessionLost) {
			return err
		}
	}
}

// grace is how long a cancelled call waits for the answer to what it has sent.
func (s *Session) grace() time.Duration { return min(s.timeout/10, 200*time.Millisecond) }

// withGrace returns a context that outlives the caller's by the grace.
func (s *Session) withGrace() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.withTurn(s.ctx), s.grace())
}

// sessionID is an id as servers write it.
func sessionID(id int64) string { return "0x" + strconv.FormatUint(uint64(id), 16) }
