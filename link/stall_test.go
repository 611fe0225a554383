package link

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/pipe"
)

// mustBeClean fails unless nothing is left on a link at the end of a test.
func mustBeClean(t *testing.T, l *Link) {
	t.Helper()
	if err := l.Clean(); err != nil {
		t.Error(err)
	}
}

// ask sends a request and returns what was read within a second.
func (c *client) ask(op wire.Op, path string) (wire.ReplyHeader, error) {
	c.t.Helper()
	if _, err := c.Write(c.frame(op, path)); err != nil {
		c.t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(time.Second))
	defer c.SetReadDeadline(time.Time{})
	return c.reply()
}

func TestStall(t *testing.T) {
	for _, c := range []struct {
		way     Direction
		arrives bool // whether the request arrives at the server
	}{{Both, false}, {ToServer, false}, {ToClient, true}} {
		t.Run(c.way.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
				cl := dial(t, l)
				cl.connect(0)
				one, two := l.Stall(c.way), l.Stall(c.way)
				began := time.Now()
				if _, err := cl.ask(wire.Create, "/a"); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
					t.Errorf("%v after %s", err, time.Since(began))
				}
				for _, path := range []string{"/b", "/c"} {
					cl.Write(cl.frame(wire.Create, path))
				}
				synctest.Wait()
				if arrived := len(s.requests()) == 3; arrived != c.arrives {
					t.Errorf("the server got %v", s.requests())
				}
				one()
				one()
				if _, err := cl.ask(wire.Create, "/d"); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("one stall is left: %v", err)
				}
				two()
				for xid := range int32(4) {
					if h, err := cl.reply(); err != nil || h.Xid != xid+1 {
						t.Errorf("reply %d: %+v, %v", xid+1, h, err)
					}
				}
				if diff := cmp.Diff([]string{"create /a", "create /b", "create /c", "create /d"}, s.requests()); diff != "" {
					t.Error(diff)
				}
				mustBeClean(t, l)
				wantFacts(t, r, "connected 0x1a1")
				synctest.Wait()
				if cl.Conn.(*conn).pipe.Busy() {
					t.Error("the pipe is still busy")
				}
			})
		})
	}
}

// A request that waited in the link is evidence for the time at which the client wrote it: a session
// that was alive later was alive then.
func TestAliveOfAStalledRequestIsWhenTheClientWrote(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		time.Sleep(time.Second)
		release := l.Stall(ToServer)
		c.Write(c.frame(wire.Create, "/a"))
		time.Sleep(time.Second)
		if l.Alive(id) != 0 {
			t.Error("alive without an answer")
		}
		release()
		c.reply()
		if l.Alive(id) != time.Second {
			t.Errorf("alive %s", l.Alive(id))
		}
	})
}

// The client cannot know a reply that is still in the pipe.
func TestExpiryInAStallIsRecordedAfterIt(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		c.Close()
		s.tell(func() { delete(s.sessions, id) })
		c = dial(t, l)
		release := l.Stall(ToClient)
		req := wire.ConnectRequest{Timeout: 4 * time.Second, Session: id, Password: password(id)}
		wire.WriteFrame(c, req.Append(nil))
		told := make(chan struct{})
		go func() {
			defer close(told)
			wire.ReadFrame(c, nil, 0)
		}()
		time.Sleep(DefaultConnectTimeout / 2)
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
		release()
		<-told
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1", "expired 0x1a1")
	})
}

func TestConnectTimeoutHoldsDuringAStall(t *testing.T) {
	for _, way := range []Direction{ToServer, ToClient} {
		bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
			c := dial(t, l)
			defer l.Stall(way)()
			c.Write(wire.AppendFrame(nil, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil)))
			began := time.Now()
			if _, err := c.reply(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != DefaultConnectTimeout {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
	}
}

// Deadlines are set, moved and cleared by other goroutines while one waits.
func TestDeadlinesDuringAStall(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		release := l.Stall(Both)
		c.SetReadDeadline(time.Now().Add(time.Hour))
		time.AfterFunc(time.Second, func() { c.SetReadDeadline(time.Now().Add(time.Second)) })
		began := time.Now()
		if _, err := c.reply(); !isTimeout(err) || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		time.AfterFunc(time.Second/2, func() { c.SetReadDeadline(time.Time{}) })
		time.AfterFunc(time.Minute, release)
		if _, err := c.do(wire.Create, "/a"); err != nil {
			t.Error(err)
		}
	})
}

// A write waits only for room.
func TestWriteDeadlineDuringAStall(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		defer l.Stall(ToServer)()
		began := time.Now()
		c.SetWriteDeadline(began.Add(time.Second))
		n, err := c.Write(make([]byte, pipe.MaxInFlight+1))
		if n != pipe.MaxInFlight || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%d, %v after %s", n, err, time.Since(began))
		}
	})
}

func TestCloseDuringAStall(t *testing.T) {
	for _, way := range []Direction{Both, ToServer} {
		bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
			c := dial(t, l)
			c.connect(0)
			release := l.Stall(way)
			read := make(chan error)
			go func() {
				_, err := c.reply()
				read <- err
			}()
			c.Write(c.frame(wire.Create, "/a"))
			synctest.Wait()
			c.Close()
			if err := <-read; !errors.Is(err, net.ErrClosed) {
				t.Errorf("read: %v", err)
			}
			if _, err := c.Write(c.frame(wire.Create, "/b")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("write: %v", err)
			}
			wantFacts(t, r, "connected 0x1a1", "unanswered 0x1a1", "disconnected 0x1a1")
			if n := len(s.requests()); n != 0 {
				t.Errorf("the server got %d requests", n)
			}
			// What the client wrote before it closed is not lost.
			release()
			synctest.Wait()
			if diff := cmp.Diff([]string{"create /a"}, s.requests()); diff != "" {
				t.Error(diff)
			}
			if n := conns(l); n != 0 {
				t.Errorf("%d connections are left", n)
			}
		})
	}
}

// A close is invisible on a stalled network: the server does not notice it.
func TestTheServerLearnsOfACloseAfterTheStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan time.Time, 1)
		l := New(Config{Dial: func(string, string, time.Duration) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				readAll(far)
				far.Close()
				ended <- time.Now()
			}()
			return near, nil
		}})
		defer l.Close()
		began := time.Now()
		c := dial(t, l)
		release := l.Stall(ToServer)
		c.Close()
		time.AfterFunc(5*time.Second, release)
		if at := <-ended; at.Sub(began) != 5*time.Second {
			t.Errorf("after %s", at.Sub(began))
		}
	})
}

// A server that reads nothing cannot keep a closed connection for ever.
func TestLingeringIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := stalledServer(0)
		defer l.Close()
		c := dial(t, l)
		release := l.Stall(ToServer)
		c.Write([]byte("srvr"))
		c.Close()
		release()
		time.Sleep(pipe.Linger)
		synctest.Wait()
		if n := conns(l); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

func TestCutAndResetDuringAStall(t *testing.T) {
	for name, end := range map[string]func(*Link) int{"cut": (*Link).Cut, "reset": (*Link).Reset} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
				c, closed := dial(t, l), dial(t, l)
				c.connect(0)
				release := l.Stall(Both)
				for _, cl := range []*client{c, closed} {
					cl.Write(cl.frame(wire.Create, "/a"))
				}
				closed.Close() // but not yet for the server
				read := make(chan error)
				go func() {
					_, err := c.reply()
					read <- err
				}()
				synctest.Wait()
				if n := end(l); n != 1 {
					t.Errorf("%d connections", n)
				}
				if err := <-read; !errors.Is(err, c.Conn.(*conn).cause()) || err == io.EOF {
					t.Errorf("read: %v", err)
				}
				wantFacts(t, r, "connected 0x1a1", "unanswered 0x1a1", "disconnected 0x1a1")
				release()
				synctest.Wait()
				if got := s.requests(); len(got) != 0 || conns(l) != 0 {
					t.Errorf("the server got %v, %d connections are left", got, conns(l))
				}
			})
		})
	}
}

// What the server sent before it closed the connection comes first, then the end of the connection.
func TestEndOfTheServerDuringAStall(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		c.Write(c.frame(wire.Exists, "/a"))
		read := make(chan error)
		go func() {
			_, err := c.reply()
			read <- err
			_, err = c.reply()
			read <- err
		}()
		release := l.Stall(ToClient)
		c.Write(c.frame(wire.Exists, "/b"))
		s.tell(func() { s.sessions[id].Close() })
		time.Sleep(time.Second)
		wantFacts(t, r, "connected 0x1a1")
		release()
		<-read
		if err := <-read; err == nil {
			t.Error("no end")
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
	})
}

func TestDialDuringAStall(t *testing.T) {
	for _, way := range []Direction{Both, ToServer, ToClient} {
		bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
			release := l.Stall(way)
			began := time.Now()
			_, err := l.Dial("tcp", "a:2181", time.Second)
			var ne net.Error
			if !errors.As(err, &ne) || !ne.Timeout() || time.Since(began) != time.Second || s.dials != 0 {
				t.Errorf("%v after %s, %d dials", err, time.Since(began), s.dials)
			}
			time.AfterFunc(time.Second, release)
			c, err := l.Dial("tcp", "a:2181", 0)
			if err != nil || time.Since(began) != 2*time.Second {
				t.Fatalf("%v after %s", err, time.Since(began))
			}
			c.Close()
		})
	}
}

// The deadline is for the client's write, which was over at once, not for the
// network that delivers later.
func TestWriteDeadlineEndsWithTheWrite(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		release := l.Stall(ToServer)
		c.SetWriteDeadline(time.Now().Add(time.Second))
		c.Write(c.frame(wire.Create, "/a"))
		time.Sleep(2 * time.Second)
		c.SetWriteDeadline(time.Now().Add(-time.Second))
		release()
		if h, err := c.reply(); err != nil || h.Xid != 1 {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

// stalledServer returns a link to a server that reads n bytes and no more.
func stalledServer(n int) *Link {
	return New(Config{Dial: func(string, string, time.Duration) (net.Conn, error) {
		near, far := net.Pipe()
		go io.ReadFull(far, make([]byte, n))
		return near, nil
	}})
}

func TestWriteDeadlineAfterAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := stalledServer(1)
		defer l.Close()
		c := dial(t, l)
		release := l.Stall(ToServer)
		c.Write([]byte("x"))
		began := time.Now()
		c.SetWriteDeadline(began.Add(time.Second))
		release()
		synctest.Wait()
		if _, err := c.Write([]byte("y")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
