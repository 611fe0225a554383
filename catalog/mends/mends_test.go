package mends

import (
	"context"
	"encoding/binary"
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

// client is a client whose connection can lose replies.
type client struct {
	conn     *zk.Conn
	ensemble *embedded.Ensemble
	lose     atomic.Bool   // loses the next reply, and breaks the connection
	loseTo   atomic.Int32  // the same for the reply to the next request with this code
	gate     chan struct{} // holds a value while no connection can be made
	told     atomic.Int32  // events of znodes
}

// deaf is a connection of a client.
type deaf struct {
	net.Conn
	c *client
}

func (d deaf) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.c.lose.CompareAndSwap(true, false) {
		_ = d.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

func (d deaf) Write(b []byte) (int, error) {
	if code := int32(binary.BigEndian.Uint32(b[8:])); code != 0 && d.c.loseTo.CompareAndSwap(code, 0) {
		d.c.lose.Store(true)
	}
	return d.Conn.Write(b)
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// within runs a test in virtual time, with a client. While lose is set, the client loses the next reply.
func within(t *testing.T, test func(t *testing.T, conn *zk.Conn, lose *atomic.Bool)) {
	t.Helper()
	withClient(t, func(t *testing.T, c *client) { test(t, c.conn, &c.lose) })
}

// withClient runs a test in virtual time, with a client of three servers.
func withClient(t *testing.T, test func(t *testing.T, c *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{Nodes: 3, InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		c := &client{ensemble: e, gate: make(chan struct{}, 1)}
		conn, events, err := zk.Connect(e.Addrs(), 4*time.Second, zk.WithLogger(quiet{}), zk.WithDialer(func(network, address string, timeout time.Duration) (net.Conn, error) {
			c.gate <- struct{}{}
			defer func() { <-c.gate }()
			conn, err := e.Dial(network, address, timeout)
			return deaf{conn, c}, err
		}), zk.WithEventCallback(func(event zk.Event) {
			if event.Type != zk.EventSession {
				c.told.Add(1)
			}
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
		c.conn = conn
		test(t, c)
	})
}

// expire ends the session of a client, which cannot connect again before admit is called.
func (c *client) expire(t *testing.T) (admit func()) {
	t.Helper()
	c.gate <- struct{}{}
	if err := c.ensemble.ExpireSession(t.Context(), c.conn.SessionID()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // until the client waits for the gate
	return func() { <-c.gate }
}

func create(t *testing.T, conn *zk.Conn, path string) {
	t.Helper()
	if _, err := conn.Create(path, nil, 0, acl); err != nil {
		t.Fatal(err)
	}
}

func children(t *testing.T, conn *zk.Conn, want int) {
	t.Helper()
	names, _, err := conn.Children("/a")
	if err != nil || len(names) != want {
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
		if err := Remove(t.Context(), conn, "/a", "me"); err != nil {
			t.Error(err)
		}
		children(t, conn, 0)
	})
}

// Remove leaves the znodes of a longer identifier, and ends after the client was closed.
func TestRemove(t *testing.T) {
	within(t, func(t *testing.T, conn *zk.Conn, _ *atomic.Bool) {
		create(t, conn, "/a/me10-0000000000")
		if err := Remove(t.Context(), conn, "/a", "me"); err != nil {
			t.Error(err)
		}
		children(t, conn, 1)
		conn.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Remove(ctx, conn, "/a", "me"); !errors.Is(err, context.DeadlineExceeded) || !lost(err) || !lost(zk.ErrClosing) {
			t.Errorf("after the end of the client: %v", err)
		}
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
		if err := Add(conn, "/a", 1); err == nil {
			t.Error("added to what is no number")
		}
		if _, err := conn.Set("/a", []byte("0"), -1); err != nil {
			t.Fatal(err)
		}
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
		if _, err := conn.Set("/a", []byte("data"), -1); err != nil {
			t.Fatal(err)
		}
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
		if epoch, err := Epoch(conn, "/a"); epoch != second || err != nil {
			t.Errorf("the epoch is %d, %v, want %d", epoch, err, second)
		}
		if err := Resign(conn, "/a", second); err != nil {
			t.Error(err)
		}
		children(t, conn, 0)
		if data, _, err := conn.Get("/a"); string(data) != "data" || err != nil {
			t.Errorf("the parent has %q, %v", data, err)
		}
	})
}

// A leader whose reply was lost finds its epoch, and only with that can it resign.
func TestEpoch(t *testing.T) {
	withClient(t, func(t *testing.T, c *client) {
		if _, err := Epoch(c.conn, "/a"); !errors.Is(err, zk.ErrNoNode) {
			t.Errorf("nobody leads: %v", err)
		}
		c.loseTo.Store(14) // multi
		if _, err := Lead(c.conn, "/a"); !lost(err) {
			t.Fatalf("led with %v", err)
		}
		epoch, err := Epoch(c.conn, "/a")
		for ; lost(err); epoch, err = Epoch(c.conn, "/a") {
			time.Sleep(time.Second)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := Resign(c.conn, "/a", epoch); err != nil {
			t.Error(err)
		}
		children(t, c.conn, 0)
		create(t, c.conn, "/a/leader") // of no session
		if _, err := Epoch(c.conn, "/a"); !errors.Is(err, zk.ErrNoNode) {
			t.Errorf("another client leads: %v", err)
		}
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
		if err := Await(t.Context(), conn, "/a"); err != nil {
			t.Fatal(err)
		}
		if there, _, err := conn.Exists("/a"); there || err != nil {
			t.Errorf("returned while the znode is there, %v", err)
		}
	})
}

// Await goes on when its reply is lost, ends with its context, and leaves no watch.
func TestAwaitAgain(t *testing.T) {
	withClient(t, func(t *testing.T, c *client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Await(ctx, c.conn, "/a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("returned while the znode is there: %v", err)
		}
		c.lose.Store(true)
		var waiter errgroup.Group
		waiter.Go(func() error { return Await(t.Context(), c.conn, "/a") })
		time.Sleep(10 * time.Second)
		if err := c.conn.Delete("/a", -1); err != nil {
			t.Fatal(err)
		}
		if err := waiter.Wait(); err != nil {
			t.Error(err)
		}
		told := c.told.Load()
		create(t, c.conn, "/a")
		time.Sleep(time.Second)
		if now := c.told.Load(); now != told || told == 0 {
			t.Errorf("%d events after %d, want no more", now, told)
		}
	})
}

// A session that begins while requests are under way has them made again.
func TestInOneSession(t *testing.T) {
	withClient(t, func(t *testing.T, c *client) {
		var sessions []int64
		err := inOneSession(c.conn, func(session int64) error {
			sessions = append(sessions, session)
			if len(sessions) == 1 {
				c.expire(t)()
				time.Sleep(10 * time.Second)
			}
			return nil
		})
		if err != nil || len(sessions) != 2 || sessions[1] != c.conn.SessionID() || sessions[0] == sessions[1] {
			t.Errorf("sessions %x, %v", sessions, err)
		}
	})
}

// A session that begins between the first line of Renew and its create leaves no second znode.
func TestRenewInNextSession(t *testing.T) {
	withClient(t, func(t *testing.T, c *client) {
		admit := c.expire(t)
		r := &Registration{turn: make(chan struct{}, 1), dir: "/a", id: "instance", wanted: true}
		var renewal errgroup.Group
		renewal.Go(func() error { return r.Renew(c.conn) })
		synctest.Wait()
		admit()
		if err := renewal.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := r.Renew(c.conn); err != nil {
			t.Fatal(err)
		}
		children(t, c.conn, 1)
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
		if err := r.Deregister(t.Context(), conn); err != nil {
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
		if err := Remove(t.Context(), conn, "/a", "me"); err != nil {
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
	if !strings.HasPrefix(text, "// Await waits until a znode is gone, or ctx ends. The caller then looks whether its own znode is still there.\nfunc Await(") || !strings.Contains(text, "\n}\n\n// Next returns") || !strings.HasSuffix(text, "\treturn b.next - 1, nil\n}\n") {
		t.Errorf("the source is\n%s", text)
	}
}
