package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/recipes"
)

func TestMain(m *testing.M) {
	testmain.ManyAtOnce(16)
	testmain.Main(m)
}

const (
	// patience is how long a call that must succeed may take.
	patience = time.Minute
	// timeout is the timeout of sessions that no test expires.
	timeout = 10 * time.Second
)

// client is one client of the ensemble, with a link that can lose its frames.
type client struct {
	t    *testing.T
	link *link.Link
	conn *zk.Conn
	s    *recipes.Client
	addr string

	mu   sync.Mutex
	sent []request
	hook func(n int, r request) // called with the nth request since record, from 1

	interrupted atomic.Bool  // by something that happened to a request
	cancel      atomic.Value // cancels the calls that are made with the client, a func()
}

type request struct {
	op   wire.Op
	path string
}

func (r request) String() string { return fmt.Sprintf("%v %s", r.op, hideIDs(r.path)) }

// place runs a test with an ensemble that its clients connect to.
type place func(t *testing.T, test func(t *testing.T, e ensemble.Ensemble))

// simulated gives each test its own server, in memory and in virtual time.
func simulated(t *testing.T, test func(t *testing.T, e ensemble.Ensemble)) {
	t.Helper()
	defer jitter.Begin()()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{Nodes: 1, InMemory: true, Latency: time.Millisecond, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, e)
	})
}

// newClient connects to the first server of an ensemble.
func newClient(t *testing.T, e ensemble.Ensemble, options ...recipes.Option) *client {
	t.Helper()
	c := &client{t: t, addr: e.Servers()[0].Addr()}
	c.link = link.New(link.Config{Dial: e.Dial, OnRequest: c.onRequest})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, events, err := zkconn.Open(ctx, zkconn.Config{Servers: []string{c.addr}, Timeout: timeout, Dial: c.link.Dial})
	if err != nil {
		t.Fatal(err)
	}
	c.conn = conn
	c.s = recipes.NewClient(conn, events, timeout, options...)
	t.Cleanup(c.close)
	return c
}

func (c *client) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.s.Close(ctx); err != nil {
		c.t.Errorf("close session: %v", err)
	}
	c.conn.Close()
	c.link.Close()
}

func (c *client) onRequest(op wire.Op, path string) {
	// Requests that the client sends by itself come at times of their own.
	if op == wire.Ping || op == wire.SetWatches || op == wire.CreateSession || op == wire.CloseSession {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := request{op, path}
	c.sent = append(c.sent, r)
	if c.hook != nil {
		c.hook(len(c.sent), r)
	}
}

// record forgets the requests so far, and calls hook with those to come.
func (c *client) record(hook func(n int, r request)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent, c.hook = nil, hook
}

// recorded returns the requests since record.
func (c *client) recorded() []request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]request(nil), c.sent...)
}

// expire ends the present session on the server.
func (c *client) expire() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := c.link.ExpireSession(ctx, c.conn.SessionID(), c.addr); err != nil {
		c.t.Errorf("expire: %v", err)
	}
}

// calls registers the function that cancels the calls that are made with the client.
func (c *client) calls(cancel func()) { c.cancel.Store(cancel) }

// giveUp cancels these calls.
func (c *client) giveUp() {
	if cancel, ok := c.cancel.Load().(func()); ok {
		cancel()
	}
}

// children lists the present children of a folder, without those that are foreign or
// persistent by design.
func (c *client) children(path string) []string {
	c.t.Helper()
	if _, err := c.conn.Sync(path); err != nil { // with one server, this is as good as a fence
		c.t.Fatal(err)
	}
	names, _, err := c.conn.Children(path)
	if err != nil && err != zk.ErrNoNode {
		c.t.Fatal(err)
	}
	var own []string
	for _, name := range names {
		if name != "marks" && name != "ready" && !strings.HasPrefix(name, "foreign") {
			own = append(own, name)
		}
	}
	return own
}

// within runs f, which must return in time.
func within(t *testing.T, what string, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

var paths struct {
	sync.Mutex
	n int
}

// freshPath returns a path that no other test uses. Its parent is also missing.
func freshPath() string {
	paths.Lock()
	defer paths.Unlock()
	paths.n++
	return fmt.Sprintf("/recipes-%d/test", paths.n)
}

// hideIDs makes requests of different runs comparable.
func hideIDs(path string) string {
	names := strings.Split(path, "/")
	for i, name := range names {
		if len(name) >= 32 {
			names[i] = "*" + name[32:]
		}
	}
	return strings.Join(names, "/")
}

// oneServer lets the client reconnect at once: its own providers wait for a second if
// there is only one server.
type oneServer struct{ addr string }

func (p *oneServer) Init([]string) error  { return nil }
func (p *oneServer) Len() int             { return 1 }
func (p *oneServer) Next() (string, bool) { return p.addr, false }
func (p *oneServer) Connected()           {}

type silent struct{}

func (silent) Printf(string, ...any) {}

// refusing checks that a call was refused, for a reason and without effect.
func refusing(t *testing.T) func(err, want error) {
	return func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) || !noEffect(err) {
			t.Errorf("got %v, want %v without effect", err, want)
		}
	}
}
