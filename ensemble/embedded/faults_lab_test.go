package embedded_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

const tick = 500 * time.Millisecond // the default

var openToAll = []wire.ACL{{Perms: wire.PermAll, ID: wire.ID{Scheme: "world", ID: "anyone"}}}

// lab is an ensemble in virtual time, for tests of one ability each.
type lab struct {
	*testing.T
	*embedded.Ensemble
	ctx context.Context
}

// virtually runs a test on an ensemble in a bubble.
func virtually(t *testing.T, cfg embedded.Config, f func(*lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.InMemory = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // virtual time could go on for ever
		defer cancel()
		f(&lab{T: t, Ensemble: start(t, cfg), ctx: ctx})
	})
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// status asks a server, which has a millisecond to answer: it needs no virtual time.
func (l *lab) status(server int) (ensemble.Status, error) {
	ctx, cancel := context.WithTimeout(l.ctx, time.Millisecond)
	defer cancel()
	return l.Server(server).Status(ctx)
}

// leader returns the server that claims to lead, 0 if none does.
func (l *lab) leader() int {
	for id := range l.Addrs() {
		if st, err := l.status(id + 1); err == nil && st.Role == ensemble.Leader {
			return id + 1
		}
	}
	return 0
}

// others returns all servers except the given ones.
func (l *lab) others(but ...int) (ids []int) {
	for id := range l.Addrs() {
		ids = append(ids, id+1)
	}
	for _, b := range but {
		for i, id := range ids {
			if id == b {
				ids = append(ids[:i], ids[i+1:]...)
				break
			}
		}
	}
	return ids
}

// isolate cuts a server off from all others.
func (l *lab) isolate(server int) {
	for _, id := range l.others(server) {
		l.ok(l.Cut(l.ctx, server, id))
		l.ok(l.Cut(l.ctx, id, server))
	}
}

func (l *lab) delayBoth(a, b int, by time.Duration) {
	l.ok(l.Delay(l.ctx, a, b, by))
	l.ok(l.Delay(l.ctx, b, a, by))
}

// to returns a configuration that connects to a server, for a session of four seconds.
func (l *lab) to(server int) zkclient.Config {
	return zkclient.Config{
		Session: wire.Session{Timeout: 4 * time.Second},
		Dial: func(context.Context) (net.Conn, error) {
			return l.Dial("tcp", l.Server(server).Addr(), time.Second)
		},
	}
}

// resume is like to, but for an existing session.
func (l *lab) resume(server int, c *zkclient.Conn) zkclient.Config {
	cfg := l.to(server)
	cfg.Session, cfg.LastZxid = c.Session(), c.LastZxid()
	return cfg
}

// pinged keeps the session alive as long as the connection lives.
func pinged(cfg zkclient.Config) zkclient.Config {
	cfg.PingEvery = time.Second
	return cfg
}

func (l *lab) connect(cfg zkclient.Config) (*zkclient.Conn, error) {
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	return zkclient.Connect(ctx, cfg)
}

// client opens a connection that ends with the test. A server that does not yet know what the session
// has seen refuses it.
func (l *lab) client(cfg zkclient.Config) *zkclient.Conn {
	l.Helper()
	c, err := l.connect(cfg)
	for range 10 {
		if !errors.Is(err, wire.ErrNoReply) || cfg.LastZxid == 0 {
			break
		}
		time.Sleep(time.Millisecond)
		c, err = l.connect(cfg)
	}
	l.ok(err)
	l.Cleanup(func() { c.Close() })
	return c
}

// try makes a request that may take a second.
func (l *lab) try(c *zkclient.Conn, op wire.Op, req any) (zkclient.Reply, error) {
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	return c.Do(ctx, op, req)
}

// do makes a request that must be answered without an error.
func (l *lab) do(c *zkclient.Conn, op wire.Op, req any) zkclient.Reply {
	l.Helper()
	r, err := l.try(c, op, req)
	if err == nil && r.Header.Err != wire.OK {
		err = r.Header.Err
	}
	if err != nil {
		l.Fatalf("%v %+v: %v", op, req, err)
	}
	return r
}

func (l *lab) create(c *zkclient.Conn, path, data string, mode wire.CreateMode) {
	l.Helper()
	l.do(c, wire.Create, &wire.CreateRequest{Path: path, Data: []byte(data), ACL: openToAll, Mode: mode})
}

func (l *lab) set(c *zkclient.Conn, path, data string) {
	l.Helper()
	l.do(c, wire.SetData, &wire.SetDataRequest{Path: path, Data: []byte(data), Version: -1})
}

func (l *lab) get(c *zkclient.Conn, path string) string {
	l.Helper()
	r, err := l.do(c, wire.GetData, &wire.ReadRequest{Path: path}).Decode()
	l.ok(err)
	return string(r.(wire.DataReply).Data)
}

func (l *lab) sync(c *zkclient.Conn) {
	l.Helper()
	l.do(c, wire.Sync, &wire.PathRequest{Path: "/"})
}

// exists reports whether a znode exists in the latest state.
func (l *lab) exists(c *zkclient.Conn, path string) bool {
	l.Helper()
	l.sync(c)
	r, err := l.try(c, wire.Exists, &wire.ReadRequest{Path: path})
	l.ok(err)
	return r.Header.Err == wire.OK
}

// until returns how long it takes until is returns true. It checks every ten milliseconds, for half a
// minute.
func (l *lab) until(what string, is func() bool) time.Duration {
	l.Helper()
	begin := time.Now()
	for !is() {
		if time.Since(begin) > 30*time.Second {
			l.Fatalf("after half a minute still not so: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begin)
}

// writable reports whether a new client of the server can write.
func (l *lab) writable(server int) bool {
	c, err := l.connect(l.to(server))
	if err != nil {
		return false
	}
	defer c.Close()
	r, err := l.try(c, wire.SetData, &wire.SetDataRequest{Path: "/", Version: -1})
	return err == nil && r.Header.Err == wire.OK
}

// within checks that something took from least to most, both included.
func (l *lab) within(what string, took, least, most time.Duration) {
	l.Helper()
	l.Logf("%s: %v", what, took)
	if took < least || took > most {
		l.Errorf("%s: %v, want %v to %v", what, took, least, most)
	}
}
