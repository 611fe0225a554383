package embedded_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// A thousand connections that come and go leave nothing behind.
func TestHostileCrowdThatGoes(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		before := runtime.NumGoroutine()
		grown := peak()
		for i := range 1000 {
			conn := s.raw()
			b := connectFrame(time.Second)
			conn.Write(b[:i%(len(b)+1)]) // some send the whole frame
			conn.Close()
		}
		expectGrowth(t, grown(), 64<<20)
		for end := time.Now().Add(patient); runtime.NumGoroutine() > before+5; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d goroutines, were %d", runtime.NumGoroutine(), before)
			}
		}
	})
}

// A thousand connections that announce a large frame and stay cost little.
func TestHostileCrowdThatStays(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		grown := peak()
		var all []net.Conn
		for range 1000 {
			conn := s.raw()
			conn.Write(wire.AppendInt(nil, wire.MaxRequest))
			all = append(all, conn)
		}
		if err := s.open().do(wire.Exists, &wire.ReadRequest{Path: "/"}); err != nil {
			t.Error(err)
		}
		expectGrowth(t, grown(), 160<<20)
		for _, conn := range all {
			conn.Close()
		}
	})
}

func TestHostilePings(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		const pings = 100_000
		l := s.open()
		grown := peak()
		sent := make(chan error, 1)
		go func() {
			ping := requestFrame(wire.XidPing, wire.Ping, nil)
			var all []byte
			for range pings {
				all = append(all, ping...)
			}
			_, err := l.Write(all)
			sent <- err
		}()
		for i := range pings {
			if h, err := l.next(); err != nil || h.Xid != wire.XidPing {
				t.Fatalf("reply %d: %+v, %v", i, h, err)
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		expectGrowth(t, grown(), 64<<20)
	})
}

// The server waits for a client that asks for much and reads nothing. Once the client reads, it gets
// everything that it asked for, in order.
func TestHostileReaderOfNothing(t *testing.T) {
	large, wide := &wire.ReadRequest{Path: "/large"}, &wire.ReadRequest{Path: "/wide"}
	asks := map[string]operation{
		"data":     func(int, int) (wire.Op, any) { return wire.GetData, large },
		"children": func(int, int) (wire.Op, any) { return wire.GetChildren2, wide },
		"many": func(int, int) (wire.Op, any) {
			return wire.MultiRead, []wire.MultiOp{{Op: wire.GetData, Request: large}, {Op: wire.GetChildren, Request: wide}}
		},
		"data between writes": func(_, n int) (wire.Op, any) {
			if n%2 == 0 {
				return changing("/wide")
			}
			return wire.GetData, large
		},
	}
	transports(t, func(t *testing.T, s besieged) {
		s.plant()
		for name, ask := range asks {
			t.Run(name, func(t *testing.T) { besieged{s.contender, t}.readNothing(ask) })
		}
	})
}

func (s besieged) readNothing(ask operation) {
	l := s.open()
	const asked = 120
	grown := peak()
	for n := range asked {
		l.add(ask(0, n))
	}
	if err := l.flush(); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // the server answers as much as it can
	expectGrowth(s.t, grown(), 48<<20) // the answers have at least 54 MB
	for i := range int32(asked) {
		if h, err := l.next(); err != nil || h.Err != wire.OK || h.Xid != i+1 {
			s.t.Fatalf("reply %d: %+v, %v", i, h, err)
		}
	}
}

// A client that does not read keeps no other client waiting.
func TestHostileReaderHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := besiege(t, embedded.Config{InMemory: true})
		s.plant()
		l := s.open()
		for range 120 {
			l.add(wire.GetData, &wire.ReadRequest{Path: "/large"})
		}
		must.Do(t, l.flush())
		end := s.guard()
		time.Sleep(time.Second)
		if longest := end(); longest != 0 {
			t.Errorf("an honest client had to wait for %v", longest)
		}
	})
}

// Replies that come one by one, because the server is far from its leader, do not accumulate for a
// client that does not read.
func TestHostileReaderOfNothingFarAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := start(t, embedded.Config{InMemory: true})
		s := besieged{contending(e), t}
		s.plant()
		l := s.open()
		for _, link := range [][2]int{{1, 2}, {2, 1}, {1, 3}, {3, 1}} {
			must.Do(t, e.Delay(t.Context(), link[0], link[1], 300*time.Millisecond))
		}
		const pairs = 100
		for range pairs {
			l.add(changing("/wide"))
			l.add(wire.GetData, &wire.ReadRequest{Path: "/large"})
			must.Do(t, l.flush())
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		for i := range int32(2 * pairs) {
			if h, err := l.next(); err != nil || h.Err != wire.OK || h.Xid != i+1 {
				t.Fatalf("reply %d: %+v, %v", i, h, err)
			}
		}
	})
}

// plant creates a znode with much data and one with many children.
func (s besieged) plant() {
	s.t.Helper()
	l := s.open()
	large := &wire.CreateRequest{Path: "/large", Data: noise(900_000), ACL: benchACL}
	if err := l.do(wire.Create, large); err != nil {
		s.t.Fatal(err)
	}
	err := l.do(creating("/wide"))
	if err == nil {
		err = crew{l}.run(2000, 100, func(_, n int) (wire.Op, any) {
			return wire.Create, &wire.CreateRequest{Path: "/wide/" + letters(250), ACL: benchACL, Mode: wire.PersistentSequential}
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func letters(n int) string { return strings.Repeat("abcdefghij", n/10) }

// A request of a few kilobytes can ask for a gigabyte: that ends the connection.
func TestHostileMultiRead(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		s.plant()
		for _, op := range []wire.MultiOp{
			{Op: wire.GetData, Request: &wire.ReadRequest{Path: "/large"}},
			{Op: wire.GetChildren, Request: &wire.ReadRequest{Path: "/wide"}},
		} {
			l := s.open()
			all := make([]wire.MultiOp, 1000) // at least half a gigabyte in total
			for i := range all {
				all[i] = op
			}
			grown := peak()
			l.add(wire.MultiRead, all)
			l.flush()
			expectEnd(t, l)
			expectGrowth(t, grown(), 160<<20)
		}
	})
}

// Events wait only for a limited time for a client that does not read. What it got before is in order;
// then its connection ends.
func TestHostileWatcherThatDoesNotRead(t *testing.T) {
	transports(t, func(t *testing.T, s besieged) {
		path := "/" + letters(9000)
		writer, watcher := s.open(), s.open()
		must.Do(t, writer.do(creating(path)))
		must.Do(t, watcher.do(wire.AddWatch, &wire.AddWatchRequest{Path: "/", Mode: wire.AddPersistentRecursive}))
		grown := peak()
		const changes = 8000
		if err := (crew{writer}).run(changes, 100, func(int, int) (wire.Op, any) {
			return wire.SetData, &wire.SetDataRequest{Path: path, Version: -1}
		}); err != nil {
			t.Fatal(err)
		}
		// Each change is in three logs, which also keep the frames of requests.
		expectGrowth(t, grown(), 300<<20)
		watcher.SetReadDeadline(time.Now().Add(patient))
		n, err := io.Copy(io.Discard, watcher.in)
		if isTimeout(err) || n > 64<<20 || n < 32<<10 {
			t.Errorf("%d bytes of events, then %v", n, err)
		}
	})
}
