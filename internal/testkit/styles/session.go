package styles

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// session is a single session; no other one follows when it ends.
type session struct {
	conn *zk.Conn
	id   int64
	lost chan struct{} // closed when the client knows that the session is over

	once   sync.Once // of lost
	life   *life     // nil if the session comes from the client's own connection
	closed atomic.Bool
	shut   atomic.Bool // no further connection may be opened
	latest atomic.Pointer[net.Conn]
}

var (
	errGone = errors.New("the session in which this began is over")
	// everyone may do everything.
	everyone = zk.WorldACL(zk.PermAll)
)

func (s *session) live() bool {
	select {
	case <-s.lost:
		return false
	default:
		return s.conn.SessionID() == s.id
	}
}

func (s *session) die() { s.once.Do(func() { close(s.lost) }) }

// end closes a session that was opened here.
func (s *session) end() {
	if s.life != nil && s.closed.CompareAndSwap(false, true) {
		s.close()
	}
}

func (s *session) close() {
	s.shut.Store(true)
	s.conn.Close()
	s.die()
	if l := s.latest.Load(); l != nil {
		_ = (*l).Close() // a server that is silent would otherwise be waited for
	}
	s.life.opened(s, false)
}

// opener opens a session, and a new one after its end.
type opener struct {
	life *life
	gate gate
	now  *session
}

func (o *opener) session(ctx context.Context) (*session, error) {
	if err := o.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer o.gate.leave()
	if o.now != nil && o.now.live() {
		return o.now, nil
	}
	s, err := open(ctx, o.life)
	if err == nil {
		o.now = s
	}
	return s, err
}

// end closes the present session.
func (o *opener) end() {
	o.gate <- struct{}{}
	defer o.gate.leave()
	if o.now != nil {
		o.now.end()
	}
}

// open opens a session. When it has expired, no other one follows on its connection: what the
// client library had not sent by then is never sent.
func open(ctx context.Context, l *life) (*session, error) {
	s := &session{lost: make(chan struct{}), life: l}
	born := make(chan struct{})
	var first sync.Once
	dial := func(network, address string, timeout time.Duration) (net.Conn, error) {
		if s.shut.Load() {
			return nil, errGone
		}
		conn, err := l.c.Dial(network, address, timeout)
		if err == nil {
			s.latest.Store(&conn)
		}
		return conn, err
	}
	heard := func(e zk.Event) {
		switch {
		case e.Type != zk.EventSession:
		case e.State == zk.StateHasSession:
			first.Do(func() { close(born) })
		case e.State == zk.StateExpired:
			s.shut.Store(true)
			s.die()
		}
	}
	conn, _, err := zk.Connect(l.c.Servers, l.c.Timeout, zk.WithDialer(dial), zk.WithEventCallback(heard),
		zk.WithHostProvider(&hosts{first: l.c.ID}), zk.WithLogger(quiet{}), zk.WithLogInfo(false),
		zk.WithMaxBufferSize(largest))
	if err != nil {
		return nil, err
	}
	s.conn = conn
	l.opened(s, true)
	go func() {
		select {
		case <-l.over:
		case <-s.lost:
		}
		s.end()
	}()
	select {
	case <-born:
		s.id = conn.SessionID()
		return s, nil
	case <-l.over:
		return nil, errGone
	case <-ctx.Done():
		go s.end()
		return nil, context.Cause(ctx)
	}
}

// largest is the size in bytes of the largest answer that is read. Without it, go-zookeeper (v1.0.4)
// clears 1.5 MB each time it connects.
const largest = 1 << 17

// hosts returns the servers in rotation. Each client begins with another server.
type hosts struct {
	servers []string
	first   int
	tried   int
}

func (h *hosts) Init(servers []string) error {
	h.servers = slices.Sorted(slices.Values(servers))
	return nil
}

func (h *hosts) Len() int { return len(h.servers) }

func (h *hosts) Next() (server string, retryStart bool) {
	server = h.servers[h.first%len(h.servers)]
	retryStart = h.tried >= len(h.servers)
	if retryStart {
		h.tried = 0
	}
	h.first++
	h.tried++
	return server, retryStart
}

func (h *hosts) Connected() { h.tried = 0 }

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// borrow returns the present session of the client's own connection. A goroutine looks from time to
// time whether it is still the same.
func (l *life) borrow(ctx context.Context) (*session, error) {
	if err := l.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer l.gate.leave()
	if l.lent != nil && l.lent.live() {
		return l.lent, nil
	}
	for {
		id := l.c.Conn.SessionID()
		if id != 0 && l.c.Conn.State() == zk.StateHasSession {
			l.lent = &session{conn: l.c.Conn, id: id, lost: make(chan struct{})}
			go l.lent.watch(l.over)
			return l.lent, nil
		}
		if err := pause(ctx, again); err != nil {
			return nil, err
		}
	}
}

func (s *session) watch(over <-chan struct{}) {
	for s.conn.SessionID() == s.id {
		select {
		case <-over:
			return
		case <-time.After(again):
		}
	}
	s.die()
}

// refused reports whether a request certainly had no effect.
func refused(err error) bool {
	return slices.ContainsFunc([]error{
		zk.ErrNoNode, zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrNotEmpty, zk.ErrNoAuth, zk.ErrNoServer, errGone,
	}, func(known error) bool { return errors.Is(err, known) })
}

// The requests of a session. A read that was answered in another session is an error.

func (s *session) multi(ops ...any) ([]zk.MultiResponse, error) {
	if !s.live() {
		return nil, errGone
	}
	return s.conn.Multi(ops...)
}

func (s *session) create(path string, data []byte, flags int32) (string, error) {
	if !s.live() {
		return "", errGone
	}
	return s.conn.Create(path, data, flags, everyone)
}

func (s *session) remove(path string) error {
	if !s.live() {
		return errGone
	}
	return s.conn.Delete(path, -1)
}

func (s *session) read(f func() error) error {
	if !s.live() {
		return errGone
	}
	err := f()
	if err == nil && !s.live() {
		return errGone
	}
	return err
}

func (s *session) get(path string) (data []byte, stat *zk.Stat, err error) {
	err = s.read(func() (err error) { data, stat, err = s.conn.Get(path); return err })
	return data, stat, err
}

// stat returns nil if there is no znode.
func (s *session) stat(path string) (stat *zk.Stat, err error) {
	err = s.read(func() error {
		there, st, err := s.conn.Exists(path)
		if there {
			stat = st
		}
		return err
	})
	return stat, err
}

func (s *session) statW(path string) (stat *zk.Stat, changed <-chan zk.Event, err error) {
	err = s.read(func() error {
		there, st, ch, err := s.conn.ExistsW(path)
		if changed = ch; there {
			stat = st
		}
		return err
	})
	return stat, changed, err
}

func (s *session) children(path string) (names []string, err error) {
	err = s.read(func() (err error) { names, _, err = s.conn.Children(path); return err })
	slices.Sort(names)
	return names, err
}

// fence makes a quorum write that changes nothing: what the session reads after it is not older than
// the call.
func (s *session) fence() error {
	return s.read(func() error {
		_, err := s.conn.Multi(&zk.CheckVersionRequest{Path: "/", Version: -1})
		return err
	})
}
