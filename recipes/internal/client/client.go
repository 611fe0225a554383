package client

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

// Client is a connection that knows on which ZooKeeper session it is, and since when no server
// has answered. It is safe for concurrent use.
//
// It goes by the connection's session id, which go-zookeeper sets to 0 before it
// says that a session expired. Events only make it look sooner: it does not matter
// when they come late or get lost. What they tell of znodes is relied on for its order alone
// (see deletions).
type Client struct {
	Options   Options
	Conn      *connection
	Timeout   time.Duration
	watches   watches
	Deletions deletions
	Tasks     Tasks // clean-ups of all its recipes
	turns     atomic.Uint64

	Counters counters

	Context context.Context // ends with Close, or with the connection
	stop    context.CancelFunc
	done    chan struct{} // closed when run has returned

	mu       sync.Mutex
	closing  bool
	present  *Session      // nil before the first and after the last
	usableAt time.Time     // see watchRestoreDelay
	event    chan struct{} // closed and replaced at every event
}

// Options are what a client is made with.
type Options struct {
	ACL []zk.ACL     // of all znodes that are made
	Log *slog.Logger // nil: none
	// Failed makes the error of a call, and Refused that of a request that a server has refused.
	Failed  func(failures.Failure) error
	Refused func(request, path string, err error) error
}

// New returns a client of a connection and of its events, which are for it alone, or nil.
func New(c Conn, events <-chan zk.Event, timeout time.Duration, o Options) *Client {
	ctx, stop := context.WithCancel(context.Background())
	s := &Client{
		Options: o, Timeout: timeout, Context: ctx, stop: stop,
		done: make(chan struct{}), event: make(chan struct{}),
	}
	s.Conn = &connection{to: c, acl: o.ACL, refused: o.Refused, requests: &s.Counters.Requests}
	if events == nil {
		s.Deletions.silence()
	}
	go s.run(events)
	return s
}

// ID returns the id of the present session, 0 if there is none.
func (s *Client) ID() int64 {
	if z := s.current(); z != nil {
		return z.ID
	}
	return 0
}

// Close waits until the clean-ups are done or ctx has ended, then ends them, and everything that
// still waits. The error is that of ctx, if clean-ups were cut short.
func (s *Client) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	err := s.Tasks.Wait(ctx)
	s.stop()
	<-s.done
	return err
}

// run keeps s.present up to date until the session or the connection is closed.
func (s *Client) run(events <-chan zk.Event) {
	defer close(s.done)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forget()
	}()
	tick := time.NewTicker(max(s.Timeout/10, time.Millisecond))
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
				s.Deletions.take(e)
			}
		case <-tick.C:
			s.current()
		case <-s.Context.Done():
			return
		}
	}
}

// current returns the present session, nil if there is none.
func (s *Client) current() *Session {
	was, is, began := s.renew()
	if was != nil {
		s.Counters.SessionsLost.Add(1)
		s.Tell(slog.LevelWarn, "session is gone", "session", SessionID(was.ID))
	}
	if began {
		s.Counters.Sessions.Add(1)
		s.Tell(slog.LevelInfo, "session began", "session", SessionID(is.ID))
	}
	return is
}

// renew brings the present session up to date. was is the one that is found to be gone; began
// says that there is a new one.
func (s *Client) renew() (was, is *Session, began bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Context.Err() != nil {
		return nil, nil, false
	}
	id := s.Conn.SessionID()
	if s.present != nil && s.present.ID != id {
		was = s.present
		s.forget()
	}
	if s.present == nil && id != 0 {
		s.present, began = &Session{ID: id, Gone: make(chan struct{})}, true
	}
	return was, s.present, began
}

// forget declares the present session gone. s.mu must be held.
func (s *Client) forget() {
	if s.present != nil {
		close(s.present.Gone)
		s.present = nil
	}
}

// IsCurrent reports whether the connection is on z now. Ids never come back: if
// it is before and after something, it was all the time.
func (s *Client) IsCurrent(z *Session) bool {
	return s.Conn.SessionID() == z.ID && s.Context.Err() == nil
}

// endError is the error of what cannot go on because its session is gone.
func (s *Client) endError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.Context.Err() != nil {
		return failures.ErrClosed
	}
	return failures.ErrSessionLost
}

// Begin waits for a session to work in, for a call that a user made.
func (s *Client) Begin(ctx context.Context) (*Session, error) {
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return nil, failures.ErrClosed
	}
	return s.AwaitSession(ctx)
}

// EachSession runs f in the present session, and again in the next one each time
// that it fails with ErrSessionLost.
func (s *Client) EachSession(ctx context.Context, f func(z *Session) error) error {
	for {
		z, err := s.Begin(ctx)
		if err != nil {
			return err
		}
		if err := f(z); !errors.Is(err, failures.ErrSessionLost) {
			return err
		}
	}
}

// grace is how long a cancelled call waits for the answer to what it has sent.
func (s *Client) grace() time.Duration { return min(s.Timeout/10, 200*time.Millisecond) }

// WithGrace returns a context that outlives the caller's by the grace.
func (s *Client) WithGrace() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.WithTurn(s.Context), s.grace())
}

// SessionID is an id as servers write it.
func SessionID(id int64) string { return "0x" + strconv.FormatUint(uint64(id), 16) }
