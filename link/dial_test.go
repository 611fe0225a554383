package link

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/memnet"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestRefuse(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		one, two := l.Refuse(), l.Refuse()
		for range 2 {
			began := time.Now()
			if _, err := l.Dial("tcp", "a:2181", time.Second); !errors.Is(err, syscall.ECONNREFUSED) || time.Since(began) != 0 {
				t.Errorf("%v after %s", err, time.Since(began))
			}
			one()
			one()
		}
		if _, err := c.do(wire.Create, "/a"); err != nil || s.dials != 1 {
			t.Errorf("the present connection: %v, %d dials", err, s.dials)
		}
		two()
		dial(t, l)
		mustBeClean(t, l)
	})
}

func TestRefuseEndsTheWaitOfAHeldDial(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		defer l.Hold()()
		time.AfterFunc(time.Second, func() { l.Refuse() })
		began := time.Now()
		if _, err := l.Dial("tcp", "a:2181", 0); !errors.Is(err, syscall.ECONNREFUSED) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestBar(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		free := must.Get(l.Dial("tcp", "b:2181", 0))(t)
		other := &client{Conn: free, t: t}
		defer other.Close()
		other.connect(0)
		one, two := l.Bar("a:2181"), l.Bar("a:2181")
		if _, err := c.ask(wire.Create, "/a"); !isTimeout(err) || len(s.requests()) != 0 {
			t.Errorf("barred: %v, the server got %v", err, s.requests())
		}
		if _, err := other.do(wire.Create, "/b"); err != nil {
			t.Errorf("another server: %v", err)
		}
		one()
		began := time.Now()
		_, err := l.Dial("tcp", "a:2181", time.Second)
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Timeout() || time.Since(began) != time.Second {
			t.Errorf("dial: %v after %s", err, time.Since(began))
		}
		if conn, err := l.Dial("tcp", "b:2181", time.Second); err != nil {
			t.Errorf("dial to another server: %v", err)
		} else {
			conn.Close()
		}
		two()
		if h, err := c.reply(); err != nil || h.Xid != 1 {
			t.Errorf("healed: %+v, %v", h, err)
		}
		mustBeClean(t, l)
		wantFacts(t, r, "connected 0x1a1", "connected 0x1a2")
	})
}

func TestRoute(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		server := func() string {
			c := dial(t, l) // to a:2181
			c.connect(0)
			now, _ := l.Session()
			return now.Server
		}
		one := l.Route("b:2181")
		two := l.Route("c:2181")
		var got []string
		got = append(got, server())
		one()
		got = append(got, server())
		two()
		got = append(got, server())
		one = l.Route("b:2181")
		l.Route("c:2181")()
		got = append(got, server())
		one()
		if diff := cmp.Diff([]string{"c:2181", "c:2181", "a:2181", "b:2181"}, got); diff != "" {
			t.Error(diff)
		}
		mustBeClean(t, l)
		// A route can lead around a bar, and to a barred server.
		defer l.Bar("a:2181")()
		defer l.Route("b:2181")()
		dial(t, l)
	})
}

// A dial that began before a route must not end elsewhere.
func TestRouteCatchesADialUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted()
		slow := func(network, addr string, timeout time.Duration) (net.Conn, error) {
			time.Sleep(100 * time.Millisecond)
			return s.Dial(network, addr, timeout)
		}
		l := New(Config{Dial: slow})
		defer l.Close()
		time.AfterFunc(50*time.Millisecond, func() { l.Route("b:2181") })
		dial(t, l).connect(0)
		if now, _ := l.Session(); now.Server != "b:2181" {
			t.Errorf("on %s", now.Server)
		}
	})
}

// follower starts a client that connects again and again to a server of its choice.
func (s *scripted) follower(t *testing.T, l *Link) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var id int64
		for ctx.Err() == nil {
			conn, err := l.Dial("tcp", "a:2181", time.Second)
			if err != nil {
				time.Sleep(time.Second)
				continue
			}
			c := &client{Conn: conn, t: t}
			id = c.tryConnect(id)
			stop := context.AfterFunc(ctx, func() { c.Close() })
			c.reply()
			c.Close()
			stop()
		}
	}()
	return func() { cancel(); <-ended }
}

func TestMove(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		hold := l.Hold()
		stop := s.follower(t, l)
		defer stop()
		time.AfterFunc(time.Second, hold) // so that the client has not yet connected
		for _, to := range []string{"b:2181", "c:2181", "c:2181"} {
			must.Do(t, l.Move(t.Context(), to))
			if now, _ := l.Session(); now.Server != to || !now.Connected || now.ID != 0x1a1 {
				t.Errorf("%+v", now)
			}
			mustBeClean(t, l)
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1", "connected 0x1a1")
	})
}

func TestMoveThatFails(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		move := func(to string) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := l.Move(ctx, to)
			mustBeClean(t, l)
			return err
		}
		if err := move("b:2181"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "never connected") {
			t.Errorf("no client: %v", err)
		}
		stop := s.follower(t, l)
		defer stop()
		if err := move("b:2181"); err != nil {
			t.Error(err)
		}
		if err := move("down:2181"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not connected") {
			t.Errorf("a server that is down: %v", err)
		}
		time.Sleep(2 * time.Second)
		if now, _ := l.Session(); now.Server != "a:2181" || !now.Connected {
			t.Errorf("afterwards the client is %+v", now)
		}
		time.AfterFunc(time.Second, func() { l.Close() })
		if err := move("down:2181"); !errors.Is(err, ErrClosed) {
			t.Errorf("a link that closes: %v", err)
		}
	})
}

// Of two concurrent moves, the later one is performed first.
func TestTwoMoves(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		hold := l.Hold()
		defer s.follower(t, l)()
		moved := make(chan string, 2)
		for _, to := range []string{"b:2181", "c:2181"} {
			go func() {
				if err := l.Move(t.Context(), to); err != nil {
					t.Error(err)
				}
				moved <- to
			}()
			synctest.Wait()
		}
		hold()
		if one, two := <-moved, <-moved; one != "c:2181" || two != "b:2181" {
			t.Error(one, two)
		}
		if now, _ := l.Session(); now.Server != "b:2181" || !now.Connected {
			t.Errorf("%+v", now)
		}
		mustBeClean(t, l)
	})
}

func TestResetIsSeenOnBothEnds(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var network memnet.Network
			ln := must.Get(network.Listen("a:2181"))(t)
			testReset(t, ln, network.DialTimeout, "a:2181")
		})
	})
	t.Run("TCP", func(t *testing.T) {
		ln := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
		testReset(t, ln, net.DialTimeout, ln.Addr().String())
	})
}

func testReset(t *testing.T, ln net.Listener, dial func(network, addr string, timeout time.Duration) (net.Conn, error), addr string) {
	t.Helper()
	defer ln.Close()
	l := New(Config{Dial: dial})
	defer l.Close()
	c := must.Get(l.Dial("tcp", addr, time.Minute))(t)
	far := must.Get(ln.Accept())(t)
	defer far.Close()
	read := make(chan error, 2)
	for _, end := range []net.Conn{c, far} {
		go func() {
			_, err := end.Read(make([]byte, 1))
			read <- err
		}()
	}
	if n := l.Reset(); n != 1 {
		t.Errorf("%d connections", n)
	}
	for range 2 {
		if err := <-read; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read: %v", err)
		}
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write: %v", err)
	}
}
