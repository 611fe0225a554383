package link

import (
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
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

	// Record takes the events of sessions, without Index and Time. Events come
	// one at a time, those of one session in their true order. It must not
	// block for long, nor call methods of the link that make events (Cut,
	// Close, ExpireSession). Default: none.
	Record func(history.Event)

	// ConnectTimeout bounds the wait for a connect response, from the moment
	// the connect request is sent. 0 means DefaultConnectTimeout, negative no bound.
	ConnectTimeout time.Duration

	// OnRequest is told of every request when the client writes it, before it
	// goes to the server, and of those that are lost; path is "" for requests
	// without one, the first one of a multi. It runs in the client's goroutines
	// and must not block.
	OnRequest func(op wire.Op, path string)

	// OnPoint is told of every message with its name, before it goes on: those of an
	// operation ([Link.Operation]) but pings. It runs in the client's goroutines and must
	// not block.
	OnPoint func(Point)

	// Wire has Record take what goes over the wire, too: history.FRequest, FReply
	// and FEvent. A request is recorded before its last byte goes to the server,
	// unless it is lost on the way; a reply and an event when they come, whatever
	// the link then does to them. Of frames above 128 KiB there is little more than
	// the header. Default: only the events of sessions.
	Wire bool
}

// Link is the wire of one client. Its methods are safe for concurrent use.
type Link struct {
	cfg Config

	// events is held while something is found out and recorded, so that events
	// are recorded in the order in which they became true. It is taken before mu.
	events sync.Mutex

	mu       sync.Mutex
	closed   bool
	conns    map[*conn]struct{} // until nothing is left of them on the network
	sessions map[int64]*session
	dials    int // connections so far
	connects int // sessions on them
	losses   []*Loss
	counts   map[wire.Op]int
	held     []*HeldEvents
	now      numbers
	// breakpoints are those that were not reached yet.
	breakpoints []*Breakpoint
	up, down    uint64 // frames that passed
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
	return &Link{
		cfg:      cfg,
		conns:    map[*conn]struct{}{},
		sessions: map[int64]*session{},
		counts:   map[wire.Op]int{},
		changed:  make(chan struct{}),
		proxies:  map[*proxy]struct{}{},
		now:      numbers{operations: map[string]int{}, messages: map[string]int{}},
	}
}

// Requests counts the requests by type that clients sent so far, those that
// were lost included.
func (l *Link) Requests() map[wire.Op]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Passed counts the frames that went through so far, to servers and to the
// client, those of the handshakes included and those that were lost not.
func (l *Link) Passed() (up, down uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.down
}

// Close cuts all connections and ends listeners; later dials, and those that
// wait, fail with ErrClosed. What is known of sessions stays. More than once is fine.
func (l *Link) Close() error {
	var proxies []*proxy
	l.change(func() {
		l.closed = true
		proxies = slices.Collect(maps.Keys(l.proxies))
	})
	l.Cut()
	for _, p := range proxies {
		p.shut()
	}
	return nil
}
