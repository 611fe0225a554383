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

// Client is a connection that knows which ZooKeeper session it is on, and since when no server has
// answered. It is safe for concurrent use.
//
// The client relies on the connection's session id, which go-zookeeper sets to 0 before it reports
// that a session expired. Events only make the client look sooner: it does not matter if they come
// late or get lost. It relies on events of znodes for their order alone (see deletions).
type Client struct {
	Options   Options       // with which it was made
	Conn      *connection   // all requests go through it
	Timeout   time.Duration // of its sessions
	watches   watches
	Deletions deletions     // of znodes, as events report them
	Tasks     Tasks         // clean-ups of all its recipes
	jittered  atomic.Uint64 // how many jitters were given

	Counters counters // of what it has done

	Context context.Context // ends with Close, or with the connection
	stop    context.CancelFunc
	done    chan struct{} // closed when run has returned

	mu       sync.Mutex
	closing  bool
	present  *Session      // nil before the first and after the last
	usableAt time.Time     // see watchRestoreDelay
	event    chan struct{} // closed and replaced at every event
}

// Options are the options of a client.
type Options struct {
	ACL []zk.ACL     // of all znodes that are created
	Log *slog.Logger // nil: none
	// Jitter makes each wait a few microseconds longer than necessary: see [Client.WithJitter].
	Jitter bool
	// Failed makes the error of a call.
	Failed func(failures.Failure) error
	// Refused makes the error of a request that a server has refused: the client lacks a
	// permission, or the ACL is invalid, as err says.
	Refused func(request, path string, err error) error
}

// New returns a client of a connection and of its events. events may be nil; otherwise no other
// goroutine may read from it.
func New(c Conn, events <-chan zk.Event, timeout time.Duration, o Options) *Client {
	ctx, stop := context.WithCancel(context.Background())
	cl := &Client{
		Options: o, Timeout: timeout, Context: ctx, stop: stop,
		done: make(chan struct{}), event: make(chan struct{}),
	}
	cl.Conn = &connection{to: c, acl: o.ACL, refused: o.Refused, requests: &cl.Counters.Requests}
	if events == nil {
		cl.Deletions.silence()
	}
	go cl.run(events)
	return cl
}

// ID returns the id of the present session, or 0 if there is none.
func (cl *Client) ID() int64 {
	if z := cl.current(); z != nil {
		return z.ID
	}
	return 0
}

// Close waits until the clean-ups are done or ctx has ended. Then it ends them, and all calls that
// still wait. It returns the error of ctx if it cut clean-ups short.
func (cl *Client) Close(ctx context.Context) error {
	cl.mu.Lock()
	cl.closing = true
	cl.mu.Unlock()
	err := cl.Tasks.Wait(ctx)
	cl.stop()
	<-cl.done
	return err
}

// run keeps the present session up to date until the client or the connection is closed.
func (cl *Client) run(events <-chan zk.Event) {
	defer close(cl.done)
	defer func() {
		cl.mu.Lock()
		defer cl.mu.Unlock()
		cl.forget()
	}()
	tick := time.NewTicker(max(cl.Timeout/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case e, ok := <-events:
			if !ok { // go-zookeeper has closed the connection
				cl.stop()
				return
			}
			cl.current()
			if e.Type == zk.EventSession || overflown(events) {
				cl.wakeWaiters(e.State)
			}
			if e.Type != zk.EventSession {
				cl.Deletions.take(e)
			}
		case <-tick.C:
			cl.current()
		case <-cl.Context.Done():
			return
		}
	}
}

// current returns the present session, or nil if there is none.
func (cl *Client) current() *Session {
	was, is, began := cl.renew()
	if was != nil {
		cl.Counters.SessionsLost.Add(1)
		cl.Tell(slog.LevelWarn, "session is gone", "session", SessionID(was.ID))
	}
	if began {
		cl.Counters.Sessions.Add(1)
		cl.Tell(slog.LevelInfo, "session began", "session", SessionID(is.ID))
	}
	return is
}

// renew brings the present session up to date. was is the session that has gone, if one has. began
// reports whether there is a new session.
func (cl *Client) renew() (was, is *Session, began bool) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.Context.Err() != nil {
		return nil, nil, false
	}
	id := cl.Conn.SessionID()
	if cl.present != nil && cl.present.ID != id {
		was = cl.present
		cl.forget()
	}
	if cl.present == nil && id != 0 {
		cl.present, began = &Session{ID: id, Gone: make(chan struct{})}, true
	}
	return was, cl.present, began
}

// forget declares the present session gone. The mutex must be held.
func (cl *Client) forget() {
	if cl.present != nil {
		close(cl.present.Gone)
		cl.present = nil
	}
}

// IsCurrent reports whether the connection is on z now. Ids never come back: if the connection is
// on z before and after something, it was on z all the time.
func (cl *Client) IsCurrent(z *Session) bool {
	return cl.Conn.SessionID() == z.ID && cl.Context.Err() == nil
}

// endError returns the error of a call that cannot go on because its session is gone.
func (cl *Client) endError() error {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.closing || cl.Context.Err() != nil {
		return failures.ErrClosed
	}
	return failures.ErrSessionLost
}

// Begin waits for a session to work in, for a call of a user.
func (cl *Client) Begin(ctx context.Context) (*Session, error) {
	cl.mu.Lock()
	closing := cl.closing
	cl.mu.Unlock()
	if closing {
		return nil, failures.ErrClosed
	}
	return cl.AwaitSession(ctx)
}

// EachSession runs f in the present session. Each time that f fails with ErrSessionLost, it runs f
// again in the next session.
func (cl *Client) EachSession(ctx context.Context, f func(z *Session) error) error {
	for {
		z, err := cl.Begin(ctx)
		if err != nil {
			return err
		}
		if err := f(z); !errors.Is(err, failures.ErrSessionLost) {
			return err
		}
	}
}

// grace returns how long a cancelled call waits for the answer to a request that it has sent.
func (cl *Client) grace() time.Duration { return min(cl.Timeout/10, 200*time.Millisecond) }

// WithGrace returns a context that outlives the caller's by the grace.
func (cl *Client) WithGrace() (context.Context, context.CancelFunc) {
	return context.WithTimeout(cl.WithJitter(cl.Context), cl.grace())
}

// SessionID formats an id as servers write it.
func SessionID(id int64) string { return "0x" + strconv.FormatUint(uint64(id), 16) }
