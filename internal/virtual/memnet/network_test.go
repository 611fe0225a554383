package memnet

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
)

func listen(t *testing.T, n *Network, addr string) net.Listener {
	t.Helper()
	l := must.Get(n.Listen(addr))(t)
	t.Cleanup(func() { l.Close() })
	return l
}

func TestAddresses(t *testing.T) {
	client, server := connect(t)
	if client.RemoteAddr() != Addr("zk1:2181") || server.LocalAddr() != Addr("zk1:2181") {
		t.Errorf("the server's address is %v, %v", client.RemoteAddr(), server.LocalAddr())
	}
	if client.LocalAddr() != server.RemoteAddr() {
		t.Errorf("the client's address is %v, %v", client.LocalAddr(), server.RemoteAddr())
	}
	host, port, err := net.SplitHostPort(client.LocalAddr().String())
	if host != "127.0.0.1" || port == "" || err != nil {
		t.Errorf("the client's address is %v", client.LocalAddr())
	}
}

func TestClientsHaveDifferentAddresses(t *testing.T) {
	var n Network
	l := listen(t, &n, "zk1:2181")
	seen := map[string]bool{}
	for range 100 {
		c := must.Get(n.Dial(t.Context(), "tcp", "zk1:2181"))(t)
		defer c.Close()
		seen[c.LocalAddr().String()] = true
	}
	if l.Close(); len(seen) != 100 {
		t.Errorf("%d addresses for 100 clients", len(seen))
	}
}

func TestNobodyListens(t *testing.T) {
	var n Network
	_, err := n.Dial(t.Context(), "tcp", "zk1:2181")
	fails(t, "dial", err, syscall.ECONNREFUSED)
	if l := listen(t, &n, "zk1:2181"); l.Close() != nil {
		t.Error("the first close failed")
	} else {
		fails(t, "second close", l.Close(), net.ErrClosed)
	}
	_, err = n.DialTimeout("tcp", "zk1:2181", time.Second)
	fails(t, "dial after close", err, syscall.ECONNREFUSED)
}

func TestAddressInUse(t *testing.T) {
	var n Network
	first := listen(t, &n, "zk1:2181")
	_, err := n.Listen("zk1:2181")
	fails(t, "listen", err, syscall.EADDRINUSE)
	listen(t, &n, "zk2:2181")
	first.Close()
	second := listen(t, &n, "zk1:2181")
	first.Close() // must not close the second listener
	if _, err := n.Dial(t.Context(), "tcp", "zk1:2181"); err != nil {
		t.Error(err)
	}
	second.Close()
}

func TestAnyPort(t *testing.T) {
	var n Network
	a, b := listen(t, &n, "localhost:0"), listen(t, &n, "localhost:0")
	for _, l := range []net.Listener{a, b} {
		addr := l.Addr().String()
		if !strings.HasPrefix(addr, "localhost:") || strings.HasSuffix(addr, ":0") {
			t.Errorf("listens on %s", addr)
		}
		if _, err := n.Dial(t.Context(), "tcp", addr); err != nil {
			t.Error(err)
		}
	}
	if a.Addr() == b.Addr() {
		t.Error("two listeners have the same address")
	}
}

func TestPortsWrap(t *testing.T) {
	n := Network{lastPort: lastPort - 1}
	taken := listen(t, &n, "a:32768")
	for _, want := range []string{"a:60999", "a:32769"} {
		if got := listen(t, &n, "a:0").Addr().String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	taken.Close()
}

func TestAcceptEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n Network
		l := listen(t, &n, "zk1:2181")
		var wg sync.WaitGroup
		var waiting error
		wg.Go(func() { _, waiting = l.Accept() })
		synctest.Wait()
		l.Close()
		wg.Wait()
		fails(t, "waiting accept", waiting, net.ErrClosed)
		_, err := l.Accept()
		fails(t, "accept", err, net.ErrClosed)
	})
}

// TestBacklog: a connection works before it is accepted; when too many wait, dialing waits as well;
// waiting connections are reset when the listener closes.
func TestBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n Network
		l := listen(t, &n, "zk1:2181")
		conns := make([]net.Conn, backlog)
		for i := range conns {
			c := must.Get(n.Dial(t.Context(), "tcp", "zk1:2181"))(t)
			write(t, c, "hello")
			conns[i] = c
		}
		start := time.Now()
		_, err := n.DialTimeout("tcp", "zk1:2181", time.Second)
		if took := time.Since(start); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("failed after %v: %v", took, err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			c, err := n.DialTimeout("tcp", "zk1:2181", 0)
			if err != nil {
				t.Error(err)
				return
			}
			conns = append(conns, c)
		})
		synctest.Wait()
		s := must.Get(l.Accept())(t)
		read(t, s, "hello")
		wg.Wait()
		var refused error
		wg.Go(func() { _, refused = n.DialTimeout("tcp", "zk1:2181", 0) })
		synctest.Wait()
		l.Close()
		wg.Wait()
		fails(t, "waiting dial", refused, syscall.ECONNREFUSED)
		write(t, s, "accepted before")
		read(t, conns[0], "accepted before")
		for _, c := range conns[1:] {
			_, err := c.Read(make([]byte, 1))
			fails(t, "not accepted", err, syscall.ECONNRESET)
		}
	})
}

func TestDialWithDoneContext(t *testing.T) {
	var n Network
	listen(t, &n, "zk1:2181")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Dial(ctx, "tcp", "zk1:2181"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v", err)
	}
}

// TestDialWhileClosing: a connection that gets into the queue of a listener that has just closed is
// reset, not accepted.
func TestDialWhileClosing(t *testing.T) {
	var n Network
	l := listen(t, &n, "zk1:2181").(*listener)
	l.Close()
	queued := 0
	for range 100 {
		client, server := newConns("client", l.addr, nil, nil)
		if err := l.enqueue(t.Context(), server); err != nil {
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dial: %v", err)
			}
			continue
		}
		queued++
		_, err := client.Read(make([]byte, 1))
		fails(t, "read", err, syscall.ECONNRESET)
	}
	if queued == 0 {
		t.Error("none of 100 was queued")
	}
	for range 100 {
		_, server := newConns("client", l.addr, nil, nil)
		l.waiting <- server
		_, err := l.Accept()
		fails(t, "accept", err, net.ErrClosed)
		l.resetWaiting()
	}
}

// TestDialsWhileClosing checks the same with the race detector's help.
func TestDialsWhileClosing(t *testing.T) {
	for range 50 {
		var n Network
		l := listen(t, &n, "zk1:2181")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				c, err := n.DialTimeout("tcp", "zk1:2181", 0)
				if err != nil {
					fails(t, "dial", err, syscall.ECONNREFUSED)
					return
				}
				_, err = c.Read(make([]byte, 1))
				fails(t, "read", err, syscall.ECONNRESET)
			})
		}
		wg.Go(func() { l.Close() })
		wg.Wait()
	}
}
