package mends

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble/embedded"
)

// deaf is a connection that loses the next reply, and breaks, while lose is set.
type deaf struct {
	net.Conn
	lose *atomic.Bool
}

func (c deaf) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lose.CompareAndSwap(true, false) {
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// within runs a test in virtual time, with a client. While lose is set, the client loses the next reply.
func within(t *testing.T, test func(t *testing.T, conn *zk.Conn, lose *atomic.Bool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		var lose atomic.Bool
		conn, events, err := zk.Connect(e.Addrs(), 4*time.Second, zk.WithLogger(quiet{}), zk.WithDialer(func(network, address string, timeout time.Duration) (net.Conn, error) {
			c, err := e.Dial(network, address, timeout)
			return deaf{c, &lose}, err
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for event := range events {
			if event.State == zk.StateHasSession {
				break
			}
		}
		create(t, conn, "/a")
		test(t, conn, &lose)
	})
}

func create(t *testing.T, conn *zk.Conn, path string) {
	t.Helper()
	if _, err := conn.Create(path, nil, 0, acl); err != nil {
		t.Fatal(err)
	}
}

func children(t *testing.T, conn *zk.Conn, want int) {
	t.Helper()
	if names, err := mine(conn, "/a", ""); err != nil || len(names) != want {
		t.Errorf("there are %q, %v, want %d", names, err, want)
	}
}

func TestEnterAndRemove(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, lose *atomic.Bool) {
		lose.Store(true)
		znode, err := Enter(conn, "/a", "me")
		for lost(err) { // unknown: the look failed, too
			var found []string
			if found, err = mine(conn, "/a", "me"); err == nil {
				znode = found[0]
			}
		}
		if err != nil || !strings.HasPrefix(znode, "/a/me-") || lose.Load() {
			t.Fatalf("entered with %q, %v", znode, err)
		}
		children(t, conn, 1)
		lose.Store(true)
		if err := Remove(conn, "/a", "me"); err != nil {
			t.Error(err)
		}
		children(t, conn, 0)
	})
}

// A create that is simply repeated leaves two znodes, so TestEnterAndRemove tests something.
func TestRepeatedCreate(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, lose *atomic.Bool) {
		lose.Store(true)
		for {
			if _, err := conn.Create("/a/me-", nil, zk.FlagEphemeral|zk.FlagSequence, acl); !lost(err) {
				break
			}
			time.Sleep(time.Second)
		}
		children(t, conn, 2)
	})
}

func TestAdd(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, _ *atomic.Bool) {
		var clients errgroup.Group
		for range 4 {
			clients.Go(func() (err error) {
				for range 10 {
					err = errors.Join(err, Add(conn, "/a", 1))
				}
				return err
			})
		}
		if err := clients.Wait(); err != nil {
			t.Fatal(err)
		}
		if data, _, err := ReadNow(conn, "/a"); err != nil || string(data) != "40" {
			t.Errorf("the number is %s, %v, want 40", data, err)
		}
	})
}

// A leader that resigns late does not delete the znode of its successor.
func TestLeadAndResign(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, _ *atomic.Bool) {
		first, err := Lead(conn, "/a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Lead(conn, "/a"); !errors.Is(err, zk.ErrNodeExists) {
			t.Errorf("the second one leads beside the first: %v", err)
		}
		if err := conn.Delete("/a/leader", -1); err != nil { // as the servers do at the end of the first one's session
			t.Fatal(err)
		}
		second, err := Lead(conn, "/a")
		if err != nil {
			t.Fatal(err)
		}
		if err := Resign(conn, "/a", first); !errors.Is(err, zk.ErrBadVersion) {
			t.Errorf("the first one resigned late: %v", err)
		}
		children(t, conn, 1)
		if err := Resign(conn, "/a", second); err != nil {
			t.Error(err)
		}
		children(t, conn, 0)
	})
}

func TestNext(t *testing.T) {
	var b Block
	if n, err := b.Next(func(int) (int, error) { return 0, zk.ErrConnectionClosed }); err == nil {
		t.Errorf("got %d without a block", n)
	}
	if n, err := b.Next(func(int) (int, error) { return 3000, nil }); n != 3000 || err != nil {
		t.Errorf("got %d, %v, want 3000", n, err)
	}
	if n, err := b.Next(nil); n != 3001 || err != nil {
		t.Errorf("got %d, %v, want 3001", n, err)
	}
}

func TestAwait(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, _ *atomic.Bool) {
		go func() {
			time.Sleep(time.Second)
			_, _ = conn.Set("/a", nil, -1) // wakes the waiter, too
			time.Sleep(time.Second)
			_ = conn.Delete("/a", -1)
		}()
		if err := Await(conn, "/a"); err != nil {
			t.Fatal(err)
		}
		if there, _, err := conn.Exists("/a"); there || err != nil {
			t.Errorf("returned while the znode is there, %v", err)
		}
	})
}

func TestRegistration(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, _ *atomic.Bool) {
		r := &Registration{turn: make(chan struct{}, 1), dir: "/a", id: "instance", wanted: true}
		for range 2 {
			if err := r.Renew(conn); err != nil {
				t.Fatal(err)
			}
			children(t, conn, 1)
		}
		if err := r.Deregister(conn); err != nil {
			t.Fatal(err)
		}
		r.session = 0 // as in the next session
		if err := r.Renew(conn); err != nil {
			t.Fatal(err)
		}
		children(t, conn, 0)
	})
}

func TestWriteWhileHeld(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, _ *atomic.Bool) {
		hold, err := Enter(conn, "/a", "me")
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteWhileHeld(conn, hold, "/a", []byte("first")); err != nil {
			t.Fatal(err)
		}
		if err := Remove(conn, "/a", "me"); err != nil {
			t.Fatal(err)
		}
		if err := WriteWhileHeld(conn, hold, "/a", []byte("late")); !errors.Is(err, zk.ErrNoNode) {
			t.Errorf("a late write: %v", err)
		}
		if data, _, err := ReadNow(conn, "/a"); string(data) != "first" || err != nil {
			t.Errorf("there is %q, %v", data, err)
		}
	})
}

func TestWrite(t *testing.T) {
	var r Resource
	written := 0
	for _, token := range []int64{7, 7, 9, 8} {
		if err := r.Write(token, func() { written++ }); (err != nil) != (token == 8) {
			t.Errorf("token %d: %v", token, err)
		}
	}
	if written != 3 {
		t.Errorf("%d writes, want 3", written)
	}
}

func TestSource(t *testing.T) {
	text := Source("Await", "(b *Block) Next")
	if !strings.HasPrefix(text, "// Await waits until a znode is gone.\nfunc Await(") || !strings.Contains(text, "\n}\n\n// Next returns") || !strings.HasSuffix(text, "\treturn b.next - 1, nil\n}\n") {
		t.Errorf("the source is\n%s", text)
	}
}
