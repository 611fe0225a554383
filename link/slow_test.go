package link

import (
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/pipe"
)

// All messages in flight are delayed at the same time, not one after the other.
func TestDelayKeepsPipelining(t *testing.T) {
	const n = 100
	for _, c := range []struct {
		shape Shape
		want  time.Duration
	}{
		{Shape{Direction: ToServer, Delay: 100 * time.Millisecond}, 100 * time.Millisecond},
		{Shape{Direction: ToClient, Delay: 100 * time.Millisecond}, 100 * time.Millisecond},
		{Shape{Delay: 100 * time.Millisecond}, 200 * time.Millisecond},
	} {
		bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
			cl := dial(t, l)
			cl.connect(0)
			release := l.Slow(c.shape)
			for range 2 {
				began := time.Now()
				for i := range n {
					frame := cl.frame(wire.Create, "/a")
					time.AfterFunc(time.Duration(i)*time.Millisecond, func() { cl.Write(frame) })
				}
				for i := range n {
					must.Get(cl.reply())(t)
					if got := time.Since(began) - time.Duration(i)*time.Millisecond; got != c.want {
						t.Fatalf("%s: reply %d after %s", c.shape, i, got)
					}
				}
				release() // the second time, there is no delay at all
				release()
				c.want = 0
				synctest.Wait()
			}
			mustBeClean(t, l)
			if p := cl.Conn.(*conn).pipe; p.Busy() {
				t.Error("the pipe is still busy")
			}
		})
	}
}

func TestDelaysAddUp(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		one := l.Slow(Shape{Direction: ToServer, Delay: 100 * time.Millisecond})
		two := l.Slow(Shape{Delay: 10 * time.Millisecond})
		for _, want := range []time.Duration{120 * time.Millisecond, 20 * time.Millisecond, 0} {
			began := time.Now()
			if _, err := c.do(wire.Create, "/a"); err != nil || time.Since(began) != want {
				t.Errorf("%v after %s, want %s", err, time.Since(began), want)
			}
			one()
			if want < 100*time.Millisecond {
				two()
			}
		}
	})
}

// The end of a delay also ends the delay of messages in flight.
func TestReleaseHurriesWhatIsOnItsWay(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		time.AfterFunc(time.Second, l.Slow(Shape{Delay: time.Hour}))
		began := time.Now()
		if h, err := c.do(wire.Create, "/a"); err != nil || h.Xid != 1 || time.Since(began) != time.Second {
			t.Errorf("%+v, %v after %s", h, err, time.Since(began))
		}
	})
}

// echo runs a test with a link to a server that sends back every byte at once.
func echo(t *testing.T, test func(t *testing.T, l *Link, c net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Dial: func(string, string, time.Duration) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				b := make([]byte, 1000)
				for {
					n, err := far.Read(b)
					if err != nil {
						return
					}
					far.Write(b[:n])
				}
			}()
			return near, nil
		}})
		defer l.Close()
		test(t, l, dial(t, l).Conn)
	})
}

// arrivals sends pieces and returns when each came back, in milliseconds.
func arrivals(t *testing.T, c net.Conn, pieces, size int) (ms []int) {
	t.Helper()
	began := time.Now()
	// This makes the link take the stream for another protocol.
	c.Write(slices.Repeat([]byte{0xff}, pieces*size))
	b := make([]byte, 1)
	for range pieces {
		for range size {
			must.Get(c.Read(b))(t)
		}
		ms = append(ms, int(time.Since(began).Milliseconds()))
	}
	return ms
}

func TestThrottle(t *testing.T) {
	for _, c := range []struct {
		shape Shape
		want  []int
	}{
		{Shape{Direction: ToServer, BytesPerSecond: 1000}, []int{100, 200, 300, 400}},
		{Shape{Direction: ToClient, BytesPerSecond: 1000}, []int{100, 200, 300, 400}},
		{Shape{Direction: ToServer, BytesPerSecond: 1000, Delay: time.Second}, []int{1100, 1200, 1300, 1400}},
		{Shape{BytesPerSecond: 1000}, []int{120, 220, 320, 420}}, // one more tick
		{Shape{Direction: ToServer, BytesPerSecond: 10}, []int{11200, 20800, 30400, 40000} /* by grains of 16 bytes */},
	} {
		echo(t, func(t *testing.T, l *Link, conn net.Conn) {
			defer l.Slow(c.shape)()
			if diff := cmp.Diff(c.want, arrivals(t, conn, 4, 100)); diff != "" {
				t.Errorf("%s: %s", c.shape, diff)
			}
		})
	}
}

func TestTheLowestRateCounts(t *testing.T) {
	echo(t, func(t *testing.T, l *Link, conn net.Conn) {
		defer l.Slow(Shape{Direction: ToServer, BytesPerSecond: 1000})()
		defer l.Slow(Shape{Direction: ToServer, BytesPerSecond: 500})()
		defer l.Slow(Shape{Direction: ToServer, BytesPerSecond: 2000})()
		if got := arrivals(t, conn, 2, 100); got[1] != 400 {
			t.Errorf("%v", got)
		}
	})
}

// Messages that waited for the end of a stall do not come in a burst when the link is throttled.
func TestThrottleHoldsAfterAStall(t *testing.T) {
	echo(t, func(t *testing.T, l *Link, conn net.Conn) {
		defer l.Slow(Shape{Direction: ToServer, BytesPerSecond: 1000})()
		time.AfterFunc(time.Second, l.Stall(ToServer))
		if diff := cmp.Diff([]int{1100, 1200}, arrivals(t, conn, 2, 100)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestJitter(t *testing.T) {
	times := func(seed uint64) (ms []int) {
		echo(t, func(t *testing.T, l *Link, c net.Conn) {
			defer l.Slow(Shape{Direction: ToServer, Delay: 10 * time.Millisecond, Jitter: 90 * time.Millisecond, Seed: seed})()
			for range 50 {
				ms = append(ms, arrivals(t, c, 1, 5)[0])
			}
		})
		return ms
	}
	one, again, other := times(1), times(1), times(2)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("one seed, twice: %s", diff)
	}
	if slices.Equal(one, other) {
		t.Error("two seeds give the same")
	}
	if least, most := slices.Min(one), slices.Max(one); least < 10 || most > 100 || most-least < 50 {
		t.Errorf("from %d to %d ms", least, most)
	}
}

func TestJitterKeepsTheOrder(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		defer l.Slow(Shape{Jitter: time.Second})()
		for i := range 100 {
			frame := c.frame(wire.Create, "/a")
			time.AfterFunc(time.Duration(i)*time.Millisecond, func() { c.Write(frame) })
		}
		for xid := range int32(100) {
			if h, err := c.reply(); err != nil || h.Xid != xid+1 {
				t.Fatalf("%+v, %v", h, err)
			}
		}
	})
}

// Connecting takes one more round trip, and the wait for an answer covers only the server's part of it.
func TestConnectOnASlowLink(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		defer l.Slow(Shape{Delay: time.Second})()
		began := time.Now()
		conn, err := l.Dial("tcp", "a:2181", 3*time.Second)
		if err != nil || time.Since(began) != 2*time.Second {
			t.Fatalf("%v after %s", err, time.Since(began))
		}
		c := &client{Conn: conn, t: t}
		if c.connect(0); time.Since(began) != 4*time.Second {
			t.Errorf("after %s", time.Since(began))
		}
		c.Close()
		var ne net.Error
		if _, err = l.Dial("tcp", "a:2181", time.Second); !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("%v", err)
		}
	})
}

func TestReadDeadlineOnASlowLink(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		defer l.Slow(Shape{Delay: time.Second})()
		if _, err := c.ask(wire.Create, "/a"); !isTimeout(err) {
			t.Errorf("%v", err)
		}
		if h, err := c.reply(); err != nil || h.Xid != 1 {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

func TestCloseOnASlowLinkLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		defer l.Slow(Shape{Delay: time.Second})()
		c.Write(c.frame(wire.Create, "/a"))
		c.Close()
		time.Sleep(2 * time.Second)
		if len(s.requests()) != 1 || conns(l) != 0 {
			t.Errorf("the server got %v, %d connections are left", s.requests(), conns(l))
		}
	})
}

func TestReleaseOfAnIdleConnection(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		c.SetReadDeadline(time.Now().Add(time.Minute))
		began := time.Now()
		read := make(chan error)
		go func() {
			_, err := c.reply()
			read <- err
		}()
		synctest.Wait()
		release := l.Slow(Shape{Delay: time.Millisecond})
		c.Write(c.frame(wire.Create, "/a"))
		if err := <-read; err != nil {
			t.Error(err)
		}
		go func() {
			_, err := c.reply()
			read <- err
		}()
		synctest.Wait()
		release()
		synctest.Wait()
		if p := c.Conn.(*conn).pipe; p.Busy() {
			t.Error("the pipe is still busy")
		}
		if err := <-read; !isTimeout(err) || time.Since(began) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// What a client does not read stays with the server, as on any network.
func TestASlowLinkHoldsOnlySoMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		l := New(Config{Dial: func(string, string, time.Duration) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				for b := make([]byte, 10_000); ; {
					n, err := far.Write(b)
					if sent.Add(int64(n)); err != nil {
						return
					}
				}
			}()
			return near, nil
		}})
		defer l.Close()
		defer l.Slow(Shape{Delay: time.Hour})()
		c := must.Get(l.Dial("tcp", "a:2181", 0))(t)
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := c.Read(make([]byte, 1)); !isTimeout(err) {
			t.Error(err)
		}
		if got := sent.Load(); got < pipe.MaxInFlight || got > pipe.MaxInFlight+100_000 {
			t.Errorf("the server sent %d bytes", got)
		}
	})
}
