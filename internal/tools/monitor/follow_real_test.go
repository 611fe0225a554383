//go:build real

package monitor

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Apache ZooKeeper's servers report the same: each change once, with its zxid, and the changes that
// they could not report while a connection was lost are found.
func TestRealFollow(t *testing.T) {
	e := dockertest.Ensemble(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	root := fmt.Sprintf("/monitor-%d", time.Now().UnixNano())
	var addrs []string
	for _, s := range e.Servers() {
		addrs = append(addrs, s.Addr())
	}
	c, err := client.Connect(ctx, client.Config{Servers: addrs})
	check(t, err)
	defer c.Close()
	_, _, err = c.Create(ctx, root, nil, nil, wire.Persistent, 0)
	check(t, err)

	var conns []net.Conn // of the follower
	gate := make(chan struct{}, 1)
	dial := func(ctx context.Context, addr string) (net.Conn, error) {
		gate <- struct{}{}
		defer func() { <-gate }()
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			conns = append(conns, conn)
		}
		return conn, err
	}
	f, err := Follow(ctx, Config{All: true, Client: client.Config{Servers: addrs, Chroot: root, Dial: dial}})
	check(t, err)
	defer f.Close()
	until(ctx, t, f, Connected, "")
	_, s, err := c.Create(ctx, root+"/a", []byte("1"), nil, wire.Ephemeral, 0)
	check(t, err)
	got := until(ctx, t, f, Created, "/a")
	// The stat may come later than the event.
	if got.Zxid != s.Czxid || got.Found || got.Owner != 0 && got.Owner != c.Session().ID {
		t.Errorf("%+v", got)
	}
	// The change is made while there is no connection: the next connection waits for it.
	gate <- struct{}{}
	for _, conn := range conns {
		conn.Close()
	}
	s, err = c.Set(ctx, root+"/a", []byte("22"), -1)
	<-gate
	check(t, err)
	if got := until(ctx, t, f, Changed, "/a"); !got.Found || got.Zxid != s.Mzxid || got.Bytes != 2 {
		t.Errorf("%+v", got)
	}
	if got := until(ctx, t, f, Compared, ""); got.Number != 1 {
		t.Errorf("%+v", got)
	}
	check(t, c.Delete(ctx, root+"/a", -1))
	if got := until(ctx, t, f, Deleted, "/a"); got.Found || got.Zxid <= s.Mzxid || got.Owner != c.Session().ID {
		t.Errorf("%+v", got)
	}
	check(t, c.Delete(ctx, root, -1))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until returns the next change of a kind.
func until(ctx context.Context, t *testing.T, f *Follower, kind Kind, path string) Change {
	t.Helper()
	for {
		c, err := f.NextChange(ctx)
		if err != nil {
			v := f.View(Window{N: 10})
			t.Fatalf("no %s %s: %v\n%+v\n%+v\n%v", kind, path, err, v.Conn, v.Counts, v.Log)
		}
		if c.Kind == kind && c.Path == path {
			return c
		}
	}
}
