package monitor

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// lab is an ensemble in virtual time with a client that changes znodes.
type lab struct {
	*testing.T
	ctx context.Context
	e   *embedded.Ensemble
	c   *client.Client
}

func virtually(t *testing.T, do func(l *lab)) { virtuallyOf(t, 1, do) }

// virtuallyOf runs do with an ensemble whose messages arrive in an order that follows from the seed.
func virtuallyOf(t *testing.T, seed uint64, do func(l *lab)) {
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true, Latency: time.Millisecond, Seed: seed}))(t)
		defer e.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		l := &lab{T: t, ctx: ctx, e: e}
		l.c = l.connect(client.Config{})
		defer l.c.Close()
		do(l)
	})
}

func (l *lab) config(cfg client.Config) client.Config {
	cfg.Servers = l.e.Addrs()
	if cfg.Dial == nil {
		cfg.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return zkclient.To(l.e.Dial, addr)(ctx) }
	}
	return cfg
}

func (l *lab) connect(cfg client.Config) *client.Client {
	l.Helper()
	c, err := client.Connect(l.ctx, l.config(cfg))
	l.ok(err)
	return c
}

func (l *lab) follow(cfg Config) *Follower {
	l.Helper()
	cfg.Client = l.config(cfg.Client)
	f, err := Follow(l.ctx, cfg)
	l.ok(err)
	l.Cleanup(func() { f.Close() })
	return f
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) create(path, data string) {
	l.Helper()
	_, _, err := l.c.Create(l.ctx, path, []byte(data), nil, wire.Persistent, 0)
	l.ok(err)
}

func (l *lab) set(path, data string) {
	l.Helper()
	_, err := l.c.Set(l.ctx, path, []byte(data), -1)
	l.ok(err)
}

func (l *lab) remove(path string) {
	l.Helper()
	l.ok(l.c.Delete(l.ctx, path, -1))
}

// shown returns the paths of the rows after everything has settled.
func (l *lab) shown(f *Follower) (paths []string) {
	time.Sleep(time.Second) // virtual time: everything due has been read
	for _, r := range f.View(Window{N: 1000}).Rows {
		if r.Mark != Deleted {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

func TestFollows(t *testing.T) {
	virtually(t, func(l *lab) {
		l.create("/a", "1")
		l.create("/a/b", "")
		f := l.follow(Config{})
		if d := cmp.Diff([]string{"/", "/a", "/zookeeper"}, l.shown(f)); d != "" {
			t.Error(d)
		}
		f.Open("/a")
		f.Choose("/a")
		if d := cmp.Diff([]string{"/", "/a", "/a/b", "/zookeeper"}, l.shown(f)); d != "" {
			t.Error(d)
		}
		l.create("/a/c", "x")
		l.set("/a", "22")
		l.remove("/a/b")
		if d := cmp.Diff([]string{"/", "/a", "/a/c", "/zookeeper"}, l.shown(f)); d != "" {
			t.Error(d)
		}
		v := f.View(Window{N: 10})
		if string(v.Chosen.Data) != "22" || v.Chosen.Stat.NumChildren != 1 {
			t.Errorf("%+v", v.Chosen)
		}
		var told []string
		for _, c := range v.Log {
			if c.Zxid == 0 {
				t.Errorf("%+v", c)
			}
			told = append(told, string(c.Kind)+" "+c.Path)
		}
		if d := cmp.Diff([]string{"connected ", "created /a/c", "changed /a", "deleted /a/b"}, told); d != "" {
			t.Error(d)
		}
	})
}

func (l *lab) queries() []status.Query { return []status.Query{{Dial: l.e.Dial}} }
