package link

import (
	"errors"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

var (
	// ErrClosed is the error of Dial after Close.
	ErrClosed = errors.New("link is closed")
	// ErrHeld is the error of Dial when connections were held back for longer than its
	// timeout.
	ErrHeld = errors.New("connections are held back")
	// ErrCut is the error of a client's reads and writes on a connection that was cut.
	ErrCut = errors.New("connection was cut")
)

// DefaultConnectTimeout is the longest wait for a connect response if Config.ConnectTimeout
// is 0.
const DefaultConnectTimeout = time.Second

// Config describes a link. The zero value makes a working link that records nothing.
type Config struct {
	Client int // the client's number: Event.Client in the record

	// Dial reaches the servers. Default: net.DialTimeout.
	Dial func(network, addr string, timeout time.Duration) (net.Conn, error)

	// Clock returns the time of the run, as in the record's events. Default: time since
	// New.
	Clock func() time.Duration

	// Record receives the events of sessions, without Index and Time. It is called for one
	// event at a time, and for the events of one session in their true order. It must not
	// block for long, nor call methods of the link that make events (Cut, Close,
	// ExpireSession). Default: none.
	Record func(history.Event)

	// Root is the znode above the objects of the run; each of its children is the znode of a key
	// ([Link.Used]). Default: none, and the link does not look at paths for that.
	Root string

	// ConnectTimeout bounds the wait for a connect response, from the moment when the
	// connect request is sent. 0 means DefaultConnectTimeout, negative no limit.
	ConnectTimeout time.Duration

	// OnRequest is called for every request when the client writes it, before it goes to
	// the server, including requests that are lost. path is the first path of the request,
	// or "" if it has none. OnRequest runs in the client's goroutines and must not block.
	OnRequest func(op wire.Op, path string)

	// OnPoint is called with the name of every message of an operation ([Link.Operation])
	// except pings, before the message goes on. It runs in the client's goroutines and must
	// not block.
	OnPoint func(Point)

	// OnMessage is like OnPoint, but gets the content of the message, and is also called when the message has
	// gone on. It is called for one message of the link at a time, and must not call methods of the link.
	OnMessage func(Message)

	// OnAcknowledged is called for each write that a server acknowledges, when the reply comes, whatever a fault then does to
	// it. Requests of which the link does not keep all bytes are left out. It runs in the client's goroutines, must not
	// block, and must not call methods of the link.
	OnAcknowledged func(Acknowledged)
	// OnRestricted is called, if OnAcknowledged is set, before a request goes to the server that may keep others from reading a
	// znode: setACL, and a create whose ACL does not let everyone read. As OnAcknowledged it must not block.
	OnRestricted func()

	// Wire makes Record receive what goes over the wire, too: history.FRequest, FReply and
	// FEvent. A request is recorded before its last byte goes to the server, unless it is
	// lost on the way. A reply or an event is recorded when it comes, whatever the link
	// then does to it. For frames above 128 KiB little more than the header is recorded.
	// Default: only the events of sessions.
	Wire bool
}

// Link is the wire of one client. Its methods are safe for concurrent use.
type Link struct {
	cfg Config

	// events is held while the link finds out and records something, so that events are
	// recorded in the order in which they became true. It is locked before mu.
	events sync.Mutex

	mu       sync.Mutex
	closed   bool
	conns    map[*conn]struct{} // until they have ended completely
	sessions map[int64]*session
	dials    int      // connections so far
	connects int      // sessions on them
	newest   *session // connected last; nil before the first session
	losses   active[*Loss]
	counts   map[wire.Op]int
	held     active[*HeldEvents]
	late     active[*LateWrites]
	looked   []string // znodes read in the present operation, while late has rules
	written  active[*func(Written)]
	now      numbers
	// breakpoints lists the breakpoints that were not reached yet.
	breakpoints active[*Breakpoint]
	up, down    uint64 // frames that passed
	idleness    idleness
	traffic     history.Traffic
	in          conditions
	proxies     map[*proxy]struct{}
	changed     chan struct{} // closed and replaced when conditions or sessions change
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
	l := &Link{
		cfg:      cfg,
		conns:    map[*conn]struct{}{},
		sessions: map[int64]*session{},
		counts:   map[wire.Op]int{},
		changed:  make(chan struct{}),
		proxies:  map[*proxy]struct{}{},
		now:      numbers{operations: map[string]int{}, messages: map[string]int{}, made: map[place]*int{}},
	}
	l.losses.mu, l.held.mu, l.late.mu, l.written.mu, l.breakpoints.mu = &l.mu, &l.mu, &l.mu, &l.mu, &l.mu
	return l
}

// Requests returns how many requests of each type the client has sent so far, including
// lost ones.
func (l *Link) Requests() map[wire.Op]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Passed returns how many frames have passed so far, to servers and to the client. It
// includes handshakes and excludes lost frames.
func (l *Link) Passed() (up, down uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.down
}
