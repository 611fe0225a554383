package ensemble

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zkconn"
)

// probe is a session with one server, on one connection: it never reconnects,
// so what it sees is that server's. It ends when its context does.
type probe struct {
	conn   *zk.Conn
	dialed *dialOnce
	ctx    context.Context
	cancel context.CancelFunc
	stop   func() bool     // keeps the end of ctx from being seen to; false if it was
	ended  chan struct{}   // closed when the end of ctx was seen to
	events <-chan zk.Event // closed when the client's goroutines have ended
}

// probeSession is the time-out that a probe asks for. It only matters when the
// process dies: then the ephemeral znode goes after that long.
const probeSession = 4 * time.Second

var (
	errProbeEnded  = errors.New("the connection was lost")
	errOneDialOnly = errors.New("a probe does not reconnect")
)

// openProbe connects and waits for the session.
func openProbe(ctx context.Context, dial DialFunc, addr string) (*probe, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	once := &dialOnce{ctx: ctx, dial: dial, failed: cancel}
	connected := make(chan struct{})
	watch := func(ev zk.Event) {
		switch ev.State {
		case zk.StateHasSession:
			close(connected) // once: there is one connection
		case zk.StateDisconnected:
			cancel(errProbeEnded)
		}
	}
	conn, events, err := zk.Connect([]string{addr}, probeSession,
		zk.WithDialer(zkconn.Lossy(once.Dial)), zk.WithHostProvider(&oneServer{addr: addr}),
		zk.WithLogger(silent{}), zk.WithLogInfo(false), zk.WithEventCallback(watch))
	if err != nil {
		cancel(err)
		return nil, err
	}
	p := &probe{conn: conn, dialed: once, ctx: ctx, cancel: func() { cancel(nil) }, events: events, ended: make(chan struct{})}
	// Close frees whoever waits for a reply; go-zookeeper's calls take no context.
	p.stop = context.AfterFunc(ctx, func() {
		defer close(p.ended)
		once.close()
		conn.Close()
	})
	select {
	case <-connected:
		return p, nil
	case <-ctx.Done():
		p.close()
		return nil, context.Cause(ctx)
	}
}

// because gives the reason behind the client's "connection closed".
func (p *probe) because(err error) error {
	if errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrClosing) {
		return because(p.ctx, err)
	}
	return err
}

// close ends the session, when the server still answers, and waits for the
// client's goroutines. Only one goroutine may be in go-zookeeper's Close: a
// second one would wait for a mutex, which stops the clock of a synctest bubble
// that the first one waits for.
func (p *probe) close() {
	if p.stop() {
		cut := context.AfterFunc(p.ctx, p.dialed.close)
		p.conn.Close()
		cut()
		p.dialed.close()
	} else {
		<-p.ended
	}
	p.cancel()
	for range p.events { //nolint:revive // drained until closed
	}
}

// dialOnce dials once and remembers the connection, to be able to end it.
type dialOnce struct {
	ctx    context.Context
	dial   DialFunc
	failed func(error)

	mu     sync.Mutex
	used   bool
	closed bool
	conn   net.Conn
}

// Dial is a [zk.Dialer].
func (d *dialOnce) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	if d.ctx.Err() != nil || !d.first() {
		return nil, errOneDialOnly
	}
	conn, err := d.dial(network, addr, timeout)
	if err != nil {
		d.failed(err)
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		conn.Close()
		return nil, errOneDialOnly
	}
	d.conn = conn
	return conn, nil
}

func (d *dialOnce) first() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := !d.used
	d.used = true
	return first
}

func (d *dialOnce) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.conn != nil {
		d.conn.Close()
	}
}

// oneServer is a [zk.HostProvider] of one address, taken as it is: it may be
// one that no resolver knows.
type oneServer struct {
	addr  string
	given bool
}

func (*oneServer) Init([]string) error { return nil }
func (*oneServer) Len() int            { return 1 }
func (*oneServer) Connected()          {}

// Next says from the second time on that this starts over: only then does the
// client look whether it was closed.
func (s *oneServer) Next() (server string, retryStart bool) {
	retryStart, s.given = s.given, true
	return s.addr, retryStart
}

// silent is a [zk.Logger] that says nothing.
type silent struct{}

func (silent) Printf(string, ...any) {}
