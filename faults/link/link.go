package link

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/wire"
)

var (
	// ErrClosed is the error of Dial after Close.
	ErrClosed = errors.New("link is closed")
	// ErrHeld is the error of Dial when connections were held back for longer
	// than its time-out.
	ErrHeld = errors.New("connections are held back")
	// ErrCut is what a client reads and writes on a connection that was cut.
	ErrCut = errors.New("connection was cut")
)

// DefaultConnectTimeout is the wait for a connect response when
// Config.ConnectTimeout is 0.
const DefaultConnectTimeout = time.Second

// Config describes a link. The zero value makes one that works and records
// nothing.
type Config struct {
	Client int // whose link it is: Event.Client of what it records

	// Dial reaches the servers. Default: net.DialTimeout.
	Dial func(network, addr string, timeout time.Duration) (net.Conn, error)

	// Clock is the time of the run, the same as that of the record's events.
	// Default: time since New.
	Clock func() time.Duration

	// Record takes the facts of sessions, without Index and Time. Events come
	// one at a time, those of one session in their true order. It must not
	// block for long, nor call methods of the link that make events (Cut,
	// Close, ExpireSession). Default: none.
	Record func(history.Event)

	// ConnectTimeout bounds the wait for a connect response, from the moment
	// the connect request is sent. 0 means DefaultConnectTimeout, negative no bound.
	ConnectTimeout time.Duration

	// OnRequest is told of every request before it goes to the server, and of
	// those that are lost; path is "" for requests without one, the first one
	// of a multi. It runs in the client's goroutines and must not block.
	OnRequest func(op wire.Op, path string)
}

// Link is the wire of one client. Its methods are safe for concurrent use.
type Link struct {
	cfg Config

	// events is held while something is found out and recorded, so that facts
	// are recorded in the order in which they became true. It is taken before mu.
	events sync.Mutex

	mu       sync.Mutex
	closed   bool
	conns    map[*conn]struct{}
	sessions map[int64]*session
	connects int // successful connects so far
	losses   []*Loss
	counts   map[wire.Op]int
	gate     *gate
}

// New makes a link. Close it when the client is closed.
func New(cfg Config) *Link {
	if cfg.Dial == nil {
		cfg.Dial = net.DialTimeout
	}
	if cfg.Clock == nil {
		began := time.Now()
		cfg.Clock = func() time.Duration { return time.Since(began) }
	}
	if cfg.Record == nil {
		cfg.Record = func(history.Event) {}
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	return &Link{
		cfg:      cfg,
		conns:    map[*conn]struct{}{},
		sessions: map[int64]*session{},
		counts:   map[wire.Op]int{},
		gate:     newGate(),
	}
}

// Dial connects to a server through the link; it is a zk.Dialer. While
// connections are held back it waits, up to timeout (0: without bound).
func (l *Link) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	for {
		if err := l.gate.wait(deadline); err != nil {
			return nil, fmt.Errorf("dial %s: %w", addr, err)
		}
		inner, err := l.cfg.Dial(network, addr, remaining(deadline))
		if err != nil {
			return nil, err
		}
		if c := l.adopt(inner, addr); c != nil {
			return c, nil
		}
		inner.Close()
	}
}

// remaining is how long until deadline, for dialers that take 0 as no bound.
func remaining(deadline time.Time) time.Duration {
	if deadline.IsZero() {
		return 0
	}
	return max(time.Until(deadline), time.Nanosecond)
}

// adopt takes in a connection that was just made, unless connections came to
// be held back meanwhile.
func (l *Link) adopt(inner net.Conn, addr string) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || !l.gate.open() {
		return nil
	}
	c := newConn(l, inner, addr)
	l.conns[c] = struct{}{}
	return c
}

// Cut closes all present connections and says how many. The client may connect
// again; see Hold.
func (l *Link) Cut() int {
	return l.cut(func(*conn) bool { return true })
}

func (l *Link) cut(which func(*conn) bool) int {
	var cs []*conn
	l.mu.Lock()
	for c := range l.conns {
		if which(c) {
			cs = append(cs, c)
		}
	}
	l.mu.Unlock()
	for _, c := range cs {
		c.cut()
	}
	return len(cs)
}

// Hold keeps back new connections until release is called: Dial waits. Several
// holds add up. Calling release more than once is fine.
func (l *Link) Hold() (release func()) {
	// Under mu, so that no connection is taken in after Hold returned.
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gate.hold()
}

// Requests counts the requests by type that clients sent so far, those that
// were lost included.
func (l *Link) Requests() map[wire.Op]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Close cuts all connections; later dials, and those that wait, fail with
// ErrClosed. What is known of sessions stays. More than once is fine.
func (l *Link) Close() error {
	l.gate.close()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.Cut()
	return nil
}
