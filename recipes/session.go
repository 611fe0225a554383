package recipes

import (
	"context"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// conn is what the recipes use of *zk.Conn.
type conn interface {
	SessionID() int64
	State() zk.State
	Create(path string, data []byte, flags int32, acl []zk.ACL) (string, error)
	Delete(path string, version int32) error
	Exists(path string) (bool, *zk.Stat, error)
	Get(path string) ([]byte, *zk.Stat, error)
	GetW(path string) ([]byte, *zk.Stat, <-chan zk.Event, error)
	Set(path string, data []byte, version int32) (*zk.Stat, error)
	Children(path string) ([]string, *zk.Stat, error)
	ChildrenW(path string) ([]string, *zk.Stat, <-chan zk.Event, error)
	Multi(ops ...any) ([]zk.MultiResponse, error)
}

// Session is a connection of which it is known on which ZooKeeper session it is
// and since when no server has answered. All recipes of one client share one.
// It is safe for concurrent use.
//
// What it believes it reads from the connection's session id, which go-zookeeper
// sets to 0 before it says that a session expired; events only wake it up. So it
// does not matter when events come late or get lost.
type Session struct {
	conn    conn
	timeout time.Duration
	watches watches
	tasks   tasks

	ctx  context.Context // ends with Close, or with the connection
	stop context.CancelFunc
	done chan struct{} // closed when run has returned

	mu      sync.Mutex
	closing bool
	life    *life         // the present one; nil before the first and after the last
	rested  time.Time     // when requests may follow on the last connect
	news    chan struct{} // closed and replaced at every event
}

// life is one session on the server, as far as this client has been told. The
// session of a connection can change at any time; a life cannot.
type life struct {
	id   int64
	gone chan struct{} // closed when the session is known to be gone

	mu    sync.Mutex
	alive time.Time // when the last request was sent that a quorum has answered
}

// touch notes that a quorum has answered a request that was sent at t.
func (l *life) touch(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.After(l.alive) {
		l.alive = t
	}
}

// lastTouch is when the last request was sent that a quorum has answered.
func (l *life) lastTouch() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive
}

func (l *life) isGone() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

// NewSession makes a session of a connection and its events. It reads events
// until they are closed, so they must be for it alone; nil will do, at the price
// of noticing changes up to a tenth of the time-out later. The time-out is the one that
// was negotiated, which the servers may have made shorter than the one asked for
// (go-zookeeper does not tell); a smaller value is on the safe side.
//
// Close it before the connection.
func NewSession(c *zk.Conn, events <-chan zk.Event, timeout time.Duration) *Session {
	return newSession(c, events, timeout)
}

func newSession(c conn, events <-chan zk.Event, timeout time.Duration) *Session {
	ctx, stop := context.WithCancel(context.Background())
	s := &Session{
		conn: c, timeout: timeout, ctx: ctx, stop: stop,
		done: make(chan struct{}), news: make(chan struct{}),
	}
	go s.run(events)
	return s
}

// ID returns the id of the present session, 0 if there is none.
func (s *Session) ID() int64 {
	if l := s.current(); l != nil {
		return l.id
	}
	return 0
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

// run keeps the life up to date until the session or the connection is closed.
func (s *Session) run(events <-chan zk.Event) {
	defer close(s.done)
	defer s.end()
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
			if e.Type == zk.EventSession {
				s.announce(e.State)
			}
		case <-tick.C:
			s.current()
		case <-s.ctx.Done():
			return
		}
	}
}

// current returns the present life, nil if there is none.
func (s *Session) current() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil
	}
	id := s.conn.SessionID()
	if s.life != nil && s.life.id != id {
		close(s.life.gone)
		s.life = nil
	}
	if s.life == nil && id != 0 {
		s.life = &life{id: id, gone: make(chan struct{})}
	}
	return s.life
}

// end declares the last life over.
func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != nil {
		close(s.life.gone)
		s.life = nil
	}
}

// rest is how long requests wait after a connect. go-zookeeper puts its watches
// back relative to the last zxid that it has seen when it gets to do so, which is
// too late if an answer has come on the new connection before: a change in between
// would never be told.
const rest = 5 * time.Millisecond

// announce wakes everybody who waits for news of the session.
func (s *Session) announce(state zk.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == zk.StateHasSession {
		s.rested = time.Now().Add(rest)
	}
	close(s.news)
	s.news = make(chan struct{})
}

// nextNews returns a channel that closes at the next event of the session.
func (s *Session) nextNews() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.news
}

// is reports whether l is the life of the connection now. Ids never come back:
// if l is it before and after something, it was all the time.
func (s *Session) is(l *life) bool { return s.conn.SessionID() == l.id && s.ctx.Err() == nil }

// ended is the error of what cannot go on because the life is over.
func (s *Session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.ctx.Err() != nil {
		return ErrClosed
	}
	return ErrSessionLost
}

// begin waits for a session to work in, for a call that a user made.
func (s *Session) begin(ctx context.Context) (*life, error) {
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return nil, ErrClosed
	}
	return s.live(ctx)
}

// live waits for a session to work in, until ctx or s ends.
func (s *Session) live(ctx context.Context) (*life, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.ctx.Err() != nil {
			return nil, ErrClosed
		}
		news := s.nextNews()
		if l := s.current(); l != nil && s.up() {
			return l, nil
		}
		s.listen(ctx, nil, news)
	}
}

// connected waits until requests of l can be sent. go-zookeeper would take them
// earlier, but send them later, and perhaps in another session.
func (s *Session) connected(ctx context.Context, l *life) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.is(l) {
			return s.ended()
		}
		news := s.nextNews()
		if s.up() {
			return nil
		}
		s.listen(ctx, l.gone, news)
	}
}

// up reports whether requests can be sent.
func (s *Session) up() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.State() == zk.StateHasSession && !time.Now().Before(s.rested)
}

// nextLook is how long to wait for news before looking again.
func (s *Session) nextLook() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := time.Until(s.rested); left > 0 {
		return left
	}
	return min(max(s.timeout/40, time.Millisecond), 100*time.Millisecond)
}

// listen waits for news, but not for long: events can be lost, and there are
// none of the end of a rest.
func (s *Session) listen(ctx context.Context, gone, news <-chan struct{}) {
	t := time.NewTimer(s.nextLook())
	defer t.Stop()
	select {
	case <-news:
	case <-t.C:
	case <-gone:
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
}

// background runs f in the background until it is done; f must end when ctx
// does. Both groups count it.
func (s *Session) background(group *tasks, f func(ctx context.Context)) {
	s.tasks.add()
	group.add()
	go func() {
		defer s.tasks.done()
		defer group.done()
		f(s.ctx)
	}()
}

// cleanUp tries in the background, once after is closed (nil: at once), in
// whichever session there is, until try reports success or the session is closed.
func (s *Session) cleanUp(group *tasks, after <-chan struct{}, try func(ctx context.Context, l *life) bool) {
	s.background(group, func(ctx context.Context) {
		if after != nil {
			select {
			case <-after:
			case <-ctx.Done():
				return
			}
		}
		var b backoff
		for {
			l, err := s.live(ctx)
			if err != nil || try(ctx, l) {
				return
			}
			b.pause(ctx)
		}
	})
}
