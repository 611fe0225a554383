package engine

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/workloads"
)

// connectWait is how long a client may take to get its first session.
const connectWait = 15 * time.Second

// links makes the links through which everything of a run reaches the servers.
type links struct {
	sessions
	addrs     []string
	timeout   time.Duration // of sessions, as clients ask for it
	direct    zk.Dialer     // to the servers
	dial      zk.Dialer     // of clients: direct, or what the workload puts before it
	wire      bool          // links record what goes over the wire
	visitors  atomic.Int64
	loading   atomic.Bool // faults can be injected
	onPoint   func(link.Point)
	onMessage func(link.Message)
	// onAcknowledged is nil unless the run has a tree watch.
	onAcknowledged func(link.Acknowledged)
	onRestricted   func()
}

func newLinks(e ensemble.Ensemble, w workloads.Workload, timeout time.Duration) *links {
	l := &links{sessions: sessions{known: map[history.ID]bool{}}, timeout: timeout, direct: e.Dial, dial: e.Dial}
	for _, s := range e.Servers() {
		l.addrs = append(l.addrs, s.Addr())
	}
	if w, ok := w.(workloads.Proxied); ok {
		l.dial = w.Through(e.Dial)
	}
	_, l.wire = w.(workloads.Wired)
	return l
}

// servers returns the servers in the order in which a client tries them: each client begins with
// another server.
func (l *links) servers(client int) []string {
	first := client % len(l.addrs)
	return slices.Concat(l.addrs[first:], l.addrs[:first])
}

// make makes the link of a client, or of a visitor.
func (l *links) make(client int, dial zk.Dialer) *link.Link {
	return link.New(link.Config{
		Client: client, Dial: dial, Clock: l.record.Now, Root: l.root, Wire: l.wire, OnPoint: l.onPoint, OnMessage: l.onMessage,
		OnAcknowledged: l.onAcknowledged, OnRestricted: l.onRestricted,
		Record: func(e history.Event) {
			l.ofClient(e)
			l.record.Record(e)
		},
	})
}

// connect opens a session through a link.
func (l *links) connect(ctx context.Context, through *link.Link, client int) (*zk.Conn, *zkconn.Events, error) {
	return zkconn.OpenEvents(ctx, zkconn.Config{Servers: l.servers(client), Timeout: l.timeout, Dial: through.Dial})
}

// visit opens a session beside those of the clients.
func (l *links) visit(ctx context.Context, dial zk.Dialer) (*workloads.Visitor, error) {
	through := l.make(-1, dial)
	conn, events, err := l.connect(ctx, through, int(l.visitors.Add(1)))
	if err != nil {
		through.Close()
		return nil, fmt.Errorf("visitor: %w", err)
	}
	go drain(events.All())
	return workloads.NewVisitor(conn, through), nil
}

// listen opens a session that is one bare connection, to a server that the next visitor would
// try first.
func (l *links) listen(ctx context.Context, dial zk.Dialer) (*workloads.Listener, error) {
	through := l.make(-1, dial)
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Dial:    zkclient.To(through.Dial, l.servers(int(l.visitors.Add(1)))[0]),
		Session: wire.Session{Timeout: l.timeout}, PingEvery: jitter.Stretch(l.timeout / 3),
	})
	if err != nil {
		through.Close()
		return nil, fmt.Errorf("listener: %w", err)
	}
	return workloads.NewListener(conn, through), nil
}

// granted returns the session timeout that the servers granted.
func granted(l *link.Link) time.Duration {
	s, _ := l.Session()
	return s.Timeout
}

// drain reads and drops events.
func drain(events <-chan zk.Event) {
	for range events {
	}
}
