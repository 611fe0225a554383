package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// lab is an ensemble in virtual time.
type lab struct {
	*testing.T
	ctx context.Context
	e   *embedded.Ensemble
}

func virtually(t *testing.T, do func(l *lab)) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true, Latency: time.Millisecond}))(t)
		defer e.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		do(&lab{t, ctx, e})
	})
}

func (l *lab) dial(ctx context.Context, addr string) (net.Conn, error) {
	return zkclient.To(l.e.Dial, addr)(ctx)
}

func (l *lab) connect(cfg client.Config) *client.Client {
	l.Helper()
	cfg.Servers, cfg.Dial = l.e.Addrs(), l.dial
	c, err := client.Connect(l.ctx, cfg)
	l.ok(err)
	l.Cleanup(c.Close)
	return c
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) create(c *client.Client, path, data string, mode wire.CreateMode) {
	l.Helper()
	_, _, err := c.Create(l.ctx, path, []byte(data), nil, mode, 0)
	l.ok(err)
}

// server returns the server that a client is connected to.
func (l *lab) server(c *client.Client) *embedded.Server {
	return l.e.Server(slices.Index(l.e.Addrs(), c.Server()) + 1)
}

// leads reports whether the server of a client is the leader.
func (l *lab) leads(c *client.Client) bool {
	l.Helper()
	leader, _, err := ensemble.LeaderOf(l.ctx, l.e.Servers())
	l.ok(err)
	return leader.Addr() == c.Server()
}

// events returns the next events of watches, up to one of the path last.
func (l *lab) events(c *client.Client, last string) (all []string) {
	l.Helper()
	for {
		e, err := c.Next(l.ctx)
		l.ok(err)
		if e.Session == "" {
			all = append(all, e.Type.String()+" "+e.Path)
		}
		if e.Path == last {
			return all
		}
	}
}

// states returns the next n events of the session.
func (l *lab) states(c *client.Client, n int) (all []client.State) {
	l.Helper()
	for len(all) < n {
		e, err := c.Next(l.ctx)
		l.ok(err)
		if e.Session != "" {
			all = append(all, e.Session)
		}
	}
	return all
}

// Whatever happens to its server, the session continues on another one with all its watches; they
// report what they missed, and nothing else.
func TestResumes(t *testing.T) {
	for name, lose := range map[string]func(*embedded.Server) error{
		"killed": func(s *embedded.Server) error { return s.Kill(context.Background()) },
		"paused": func(s *embedded.Server) error { return s.Pause(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(l *lab) {
				c, other := l.connect(client.Config{}), l.connect(client.Config{})
				for l.leads(c) { // else the other servers would lose their connections as well
					c = l.connect(client.Config{})
				}
				for other.Server() == c.Server() {
					other = l.connect(client.Config{})
				}
				for _, path := range []string{"/data", "/still", "/child", "/gone", "/p", "/r", "/r/a"} {
					l.create(c, path, "", wire.Persistent)
				}
				l.create(c, "/mine", "", wire.Ephemeral)
				for _, path := range []string{"/data", "/still", "/gone"} {
					_, _, err := c.Get(l.ctx, path, true)
					l.ok(err)
				}
				_, _, err := c.Children(l.ctx, "/child", true)
				l.ok(err)
				if _, err := c.Exists(l.ctx, "/not-yet", true); err != wire.NoNode {
					t.Fatal(err)
				}
				l.ok(c.AddWatch(l.ctx, "/p", client.Persistent))
				l.ok(c.AddWatch(l.ctx, "/r", client.Recursive))

				before, session := c.Server(), c.Session().ID
				l.states(c, 1)
				l.ok(lose(l.server(c)))
				if got := l.states(c, 1); got[0] != client.Disconnected {
					t.Fatal(got)
				}
				l.create(other, "/not-yet", "", wire.Persistent)
				l.create(other, "/child/x", "", wire.Persistent)
				_, err = other.Set(l.ctx, "/data", []byte("new"), -1)
				l.ok(err)
				l.ok(other.Delete(l.ctx, "/gone", -1))

				_, _, err = c.Get(l.ctx, "/data", false)
				l.ok(err)
				if c.Server() == before || c.Session().ID != session {
					t.Errorf("on %s after %s, session %x after %x", c.Server(), before, c.Session().ID, session)
				}
				if s, err := other.Exists(l.ctx, "/mine", false); err != nil || s.EphemeralOwner != session {
					t.Error(s, err)
				}
				l.ok(c.Sync(l.ctx, "/"))
				// Persistent watches do not report later what they missed: the protocol lets them
				// continue from here.
				for _, path := range []string{"/p", "/r/a", "/p"} {
					_, err = other.Set(l.ctx, path, []byte("1"), -1)
					l.ok(err)
				}
				_, err = other.Set(l.ctx, "/still", nil, -1)
				l.ok(err)
				got := l.events(c, "/still")
				missed := slices.Sorted(slices.Values(got[:min(4, len(got))]))
				if d := cmp.Diff([]string{"nodeChildrenChanged /child", "nodeCreated /not-yet", "nodeDataChanged /data", "nodeDeleted /gone"}, missed); d != "" {
					t.Error(d)
				}
				if d := cmp.Diff([]string{"nodeDataChanged /p", "nodeDataChanged /r/a", "nodeDataChanged /p", "nodeDataChanged /still"}, got[min(4, len(got)):]); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// With a limit on its patience, a call does not wait for servers that are gone.
func TestPatience(t *testing.T) {
	virtually(t, func(l *lab) {
		c := l.connect(client.Config{Patience: 3 * time.Second})
		for _, s := range l.e.Servers() {
			l.ok(s.(*embedded.Server).Kill(l.ctx))
		}
		begun := time.Now()
		if _, _, err := c.Get(l.ctx, "/", false); !errors.Is(err, client.ErrNoServer) || time.Since(begun) != 3*time.Second {
			t.Error(err, time.Since(begun))
		}
	})
}

// A write that is under way when the connection is lost may have been done.
func TestWriteOfUnknownOutcome(t *testing.T) {
	virtually(t, func(l *lab) {
		c := l.connect(client.Config{})
		l.ok(l.server(c).Pause(l.ctx))
		if _, _, err := c.Create(l.ctx, "/a", nil, nil, wire.Persistent, 0); err != wire.ConnectionLoss {
			t.Error(err)
		}
		if _, _, err := c.Create(l.ctx, "/b", nil, nil, wire.Persistent, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestContextEndsACall(t *testing.T) {
	virtually(t, func(l *lab) {
		c := l.connect(client.Config{})
		for _, s := range l.e.Servers() {
			l.ok(s.(*embedded.Server).Pause(l.ctx))
		}
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		if _, _, err := c.Get(ctx, "/", false); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := c.Next(ctx); err != nil {
			t.Error(err) // the client was connected
		}
		if _, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestExpires(t *testing.T) {
	virtually(t, func(l *lab) {
		var cut atomic.Bool
		dial := func(ctx context.Context, addr string) (net.Conn, error) {
			if cut.Load() {
				return nil, errors.New("cut off")
			}
			return l.dial(ctx, addr)
		}
		c, err := client.Connect(l.ctx, client.Config{Servers: l.e.Addrs(), Dial: dial})
		l.ok(err)
		defer c.Close()
		l.create(c, "/mine", "", wire.Ephemeral)
		cut.Store(true)
		l.ok(l.server(c).Kill(l.ctx))
		time.Sleep(30 * time.Second)
		cut.Store(false)
		if d := cmp.Diff([]client.State{client.Connected, client.Disconnected, client.Expired}, l.states(c, 3)); d != "" {
			t.Error(d)
		}
		if _, err := c.Next(l.ctx); !errors.Is(err, client.ErrExpired) {
			t.Error(err)
		}
		<-c.Done()
		if _, _, err := c.Get(l.ctx, "/", false); !errors.Is(err, client.ErrExpired) {
			t.Error(err)
		}
	})
}

func TestClosed(t *testing.T) {
	virtually(t, func(l *lab) {
		c, other := l.connect(client.Config{}), l.connect(client.Config{})
		l.create(c, "/e", "", wire.Ephemeral)
		c.Close()
		c.Close()
		l.ok(other.Sync(l.ctx, "/"))
		if _, err := other.Exists(l.ctx, "/e", false); err != wire.NoNode {
			t.Error(err)
		}
		if _, _, err := c.Get(l.ctx, "/", false); !errors.Is(err, client.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestChroot(t *testing.T) {
	virtually(t, func(l *lab) {
		whole, c := l.connect(client.Config{}), l.connect(client.Config{Chroot: "/app"})
		l.create(whole, "/app", "", wire.Persistent)
		l.create(whole, "/application", "", wire.Persistent)
		l.ok(c.AddWatch(l.ctx, "/", client.Recursive))
		path, _, err := c.Create(l.ctx, "/q-", []byte("x"), nil, wire.PersistentSequential, 0)
		if path != "/q-0000000000" || err != nil {
			t.Error(path, err)
		}
		results, err := c.Multi(l.ctx, []wire.MultiOp{
			client.CreateOp("/m", nil, nil, wire.Persistent, 0),
			{Op: wire.SetData, Request: &wire.SetDataRequest{Path: "/m", Data: []byte("y"), Version: 0}},
			{Op: wire.Check, Request: &wire.VersionRequest{Path: "/", Version: 0}},
			{Op: wire.Delete, Request: &wire.VersionRequest{Path: path, Version: -1}},
		})
		if err != nil || results[0].Path != "/m" {
			t.Error(results, err)
		}
		if names, _, err := c.Children(l.ctx, "/", false); err != nil || !slices.Equal(names, []string{"m"}) {
			t.Error(names, err)
		}
		if data, _, err := whole.Get(l.ctx, "/app/m", false); string(data) != "y" || err != nil {
			t.Error(string(data), err)
		}
		want := []string{"nodeCreated " + path, "nodeCreated /m", "nodeDataChanged /m", "nodeDeleted " + path, "nodeCreated /end"}
		l.create(c, "/end", "", wire.Persistent)
		if d := cmp.Diff(want, l.events(c, "/end")); d != "" {
			t.Error(d)
		}
		l.ok(c.RemoveWatches(l.ctx, "/", wire.WatcherAny))
		l.create(c, "/unseen", "", wire.Persistent)
		l.ok(l.server(c).Kill(l.ctx))
		l.states(c, 2)
		l.create(c, "/unseen-too", "", wire.Persistent)
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		if e, err := c.Next(ctx); err == nil {
			t.Error(e)
		}
	})
}

// Credentials move with the session to other servers.
func TestCredentials(t *testing.T) {
	virtually(t, func(l *lab) {
		c, stranger := l.connect(client.Config{Auth: []client.Credential{{"digest", []byte("a:b")}}}), l.connect(client.Config{})
		l.ok(c.AddAuth(l.ctx, client.Credential{"digest", []byte("c:d")}))
		creators := []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "auth"}}}
		_, _, err := c.Create(l.ctx, "/secret", []byte("x"), creators, wire.Persistent, 0)
		l.ok(err)
		l.ok(l.server(c).Kill(l.ctx))
		if data, _, err := c.Get(l.ctx, "/secret", true); string(data) != "x" || err != nil {
			t.Error(data, err)
		}
		if who, err := c.WhoAmI(l.ctx); err != nil || len(who) != 3 {
			t.Error(who, err)
		}
		if _, _, err := stranger.Get(l.ctx, "/secret", false); err != wire.NoAuth {
			t.Error(err)
		}
		if err := c.AddAuth(l.ctx, client.Credential{"nonsense", nil}); err != wire.AuthFailed {
			t.Error(err)
		}
		if _, _, err := c.Get(l.ctx, "/secret", false); err != nil {
			t.Error(err)
		}
	})
}

// Watches that do not fit into one request are set again with several.
func TestManyWatches(t *testing.T) {
	virtually(t, func(l *lab) {
		c := l.connect(client.Config{})
		long := string(bytes.Repeat([]byte("x"), 10_000))
		for i := range 50 {
			if _, err := c.Exists(l.ctx, fmt.Sprintf("/%d%s", i, long), true); err != wire.NoNode {
				t.Fatal(err)
			}
		}
		l.ok(l.server(c).Kill(l.ctx))
		l.states(c, 3)
		var made sync.WaitGroup
		for i := range 50 {
			made.Go(func() { l.create(c, fmt.Sprintf("/%d%s", i, long), "", wire.Persistent) })
		}
		made.Wait()
		seen := make(map[string]bool)
		for len(seen) < 50 {
			e, err := c.Next(l.ctx)
			l.ok(err)
			if e.Type != wire.EventCreated || seen[e.Path] {
				t.Fatal(e.Type, len(e.Path))
			}
			seen[e.Path] = true
		}
	})
}

// If no server listens, the error comes at once; if none answers, when no time is left.
func TestNoServer(t *testing.T) {
	virtually(t, func(l *lab) {
		begun := time.Now()
		_, err := client.Connect(l.ctx, client.Config{Servers: []string{"127.0.0.1:7", "127.0.0.1:8"}, Dial: l.dial})
		if !errors.Is(err, client.ErrNoServer) || time.Since(begun) > time.Second {
			t.Error(err, time.Since(begun))
		}
		if _, err := client.Connect(l.ctx, client.Config{}); !errors.Is(err, client.ErrNoServer) {
			t.Error(err)
		}
		for _, s := range l.e.Servers() {
			l.ok(s.(*embedded.Server).Pause(l.ctx))
		}
		ctx, cancel := context.WithTimeout(l.ctx, 20*time.Second)
		defer cancel()
		if _, err := client.Connect(ctx, client.Config{Servers: l.e.Addrs(), Dial: l.dial}); !errors.Is(err, client.ErrNoServer) {
			t.Error(err)
		}
	})
}

// The error tells what went wrong and not only that patience ended, even if a dialer notices the end
// first.
func TestNoServerSaysWhatWentWrong(t *testing.T) {
	virtually(t, func(l *lab) {
		ctx, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		_, err := client.Connect(ctx, client.Config{Servers: []string{"a:1"}, Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			if end, _ := ctx.Deadline(); time.Until(end) < 500*time.Millisecond {
				return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
			}
			return nil, io.EOF
		}})
		if !errors.Is(err, io.EOF) || !errors.Is(err, client.ErrNoServer) {
			t.Error(err)
		}
	})
}

// A transaction can fire several watches. If the connection is lost after the first of their events,
// the others come over the next connection.
func TestLostBetweenEvents(t *testing.T) {
	virtually(t, func(l *lab) {
		var cut atomic.Bool
		c, err := client.Connect(l.ctx, client.Config{Servers: l.e.Addrs(), Dial: func(ctx context.Context, addr string) (net.Conn, error) {
			conn, err := l.dial(ctx, addr)
			return &endsAfterEvent{Conn: conn, cut: &cut}, err
		}})
		l.ok(err)
		l.Cleanup(c.Close)
		other := l.connect(client.Config{})
		l.create(c, "/a", "", wire.Persistent)
		l.create(c, "/a/b", "", wire.Persistent)
		_, _, err = c.Get(l.ctx, "/a/b", true)
		l.ok(err)
		_, _, err = c.Children(l.ctx, "/a", true)
		l.ok(err)
		cut.Store(true)
		l.ok(other.Delete(l.ctx, "/a/b", -1))
		ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
		defer cancel()
		var got []string
		for len(got) < 2 {
			e, err := c.Next(ctx)
			if err != nil {
				t.Fatalf("%v: %v", got, err)
			}
			if e.Session == "" {
				got = append(got, e.Type.String()+" "+e.Path)
			}
		}
		if d := cmp.Diff([]string{"nodeDeleted /a/b", "nodeChildrenChanged /a"}, got); d != "" {
			t.Error(d)
		}
	})
}

// endsAfterEvent is a connection that, once cut is set, delivers one more event and then ends.
type endsAfterEvent struct {
	net.Conn
	cut  *atomic.Bool
	rest []byte
	over bool
}

func (c *endsAfterEvent) Read(p []byte) (int, error) {
	if c.over && len(c.rest) == 0 {
		return 0, io.EOF
	}
	if len(c.rest) == 0 {
		body, err := wire.ReadFrame(c.Conn, nil, 0)
		if err != nil {
			return 0, err
		}
		c.rest = append(wire.AppendInt(nil, int32(len(body))), body...)
		if h, _, err := wire.DecodeReplyHeader(body); err == nil && h.Xid == wire.XidEvent && c.cut.CompareAndSwap(true, false) {
			c.over = true
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// An answer that is larger than a client accepts would come again, however often the request is
// repeated. The client skips it: the connection and its watches stay.
func TestAnswerTooLarge(t *testing.T) {
	virtually(t, func(l *lab) {
		c := l.connect(client.Config{Patience: time.Minute})
		long := string(bytes.Repeat([]byte("x"), 10_000))
		for i := range wire.MaxFrame/len(long) + 1 {
			l.create(c, fmt.Sprintf("/%d%s", i, long), "", wire.Persistent)
		}
		l.ok(c.AddWatch(l.ctx, "/", client.Recursive))
		begun := time.Now()
		if _, _, err := c.Children(l.ctx, "/", false); !errors.Is(err, wire.ErrFrameSize) || time.Since(begun) > time.Second {
			t.Error(err, time.Since(begun))
		}
		if _, err := c.Exists(l.ctx, "/", false); err != nil {
			t.Error(err)
		}
		l.create(c, "/new", "", wire.Persistent)
		for range 2 { // first the client was connected, and then the event came
			e, err := c.Next(l.ctx)
			l.ok(err)
			if e.Session != client.Connected && e.Path != "/new" {
				t.Errorf("%+v", e)
			}
		}
	})
}
