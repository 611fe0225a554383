package link

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// bubble runs a test in virtual time with a link to a scripted server.
func bubble(t *testing.T, test func(t *testing.T, s *scripted, l *Link, r *record)) {
	t.Helper()
	bubbleWith(t, Config{Client: 3}, test)
}

func bubbleWith(t *testing.T, cfg Config, test func(t *testing.T, s *scripted, l *Link, r *record)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, r := newScripted(), &record{}
		cfg.Dial, cfg.Record = s.Dial, r.add
		l := New(cfg)
		defer l.Close()
		test(t, s, l, r)
	})
}

func wantFacts(t *testing.T, r *record, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.facts()); diff != "" {
		t.Errorf("facts, -want +got\n%s", diff)
	}
}

func TestFactsOfASession(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		c.Close()
		c = dial(t, l)
		c.seen = 0x101
		c.connect(0x1a1)
		time.Sleep(time.Second)
		must.Get(c.do(wire.Create, "/a"))(t)
		for range 2 {
			must.Get(c.do(wire.CloseSession, ""))(t)
		}
		c.Close()
		c.Close()
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1", "connected 0x1a1", "dead 0x1a1", "disconnected 0x1a1")
		dead := r.events[3]
		want := history.Event{
			Process: history.SessionProcess, Client: 3, Type: history.Info, F: history.FDead, Session: 0x1a1,
			Zxid: 0x102, Alive: time.Second, Seen: 0x102, Value: history.Value(history.Dead{By: "close-reply", Sent: time.Second}),
		}
		if diff := cmp.Diff(want, dead); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		var v history.Connected
		if err := r.events[0].Decode(&v); err != nil || v != (history.Connected{Server: "a:2181", Timeout: 4 * time.Second, Wanted: 4 * time.Second}) {
			t.Errorf("%+v, %v", v, err)
		}
		if err := r.events[2].Decode(&v); err != nil || v.Seen != 0x101 || v.Asked != 0x1a1 {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// Unanswered requests are recorded when the connection ends: only writes, each once, with the time at
// which it was sent.
func TestUnanswered(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		l.cfg.OnRequest = func(wire.Op, string) {} // with OnRequest, the link decodes paths
		c := dial(t, l)
		c.connect(0)
		must.Get(c.do(wire.Create, "/answered"))(t)
		time.Sleep(time.Second)
		defer l.Stall(ToClient)()
		c.Write(c.frame(wire.Create, "/a"))
		time.Sleep(time.Second)
		c.Write(slices.Concat(c.frame(wire.Exists, "/b"), c.frame(wire.Delete, "/c"), c.frame(wire.Sync, "/d"), c.frame(wire.Ping, "")))
		c.Close()
		c.Close()
		wantFacts(t, r, "connected 0x1a1", "unanswered 0x1a1", "disconnected 0x1a1")
		want := history.Unanswered{Requests: []history.UnansweredRequest{
			{Xid: 2, Op: "create", Path: "/a", Sent: time.Second},
			{Xid: 4, Op: "delete", Path: "/c", Sent: 2 * time.Second},
		}}
		var got history.Unanswered
		must.Do(t, r.events[1].Decode(&got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// The fact about a client that is never answered has a bounded size.
func TestUnansweredIsBounded(t *testing.T) {
	var q requests
	for i := range mostUnanswered + 7 {
		q.push(request{xid: int32(i + 1), op: wire.Create})
	}
	v := q.unanswered()
	if v.Older != 7 || len(v.Requests) != mostUnanswered || v.Requests[0].Xid != 8 {
		t.Errorf("%d left out, then %d from %d on", v.Older, len(v.Requests), v.Requests[0].Xid)
	}
}

func TestAliveIsTheSendTimeOfWhatAQuorumAnswered(t *testing.T) {
	failed := func(code wire.Code) []byte { // the only result of a failed multi
		b := wire.AppendInt(wire.AppendBool(wire.AppendInt(nil, -1), false), int32(code))
		return wire.AppendInt(b, int32(code))
	}
	for name, c := range map[string]struct {
		op    wire.Op
		code  wire.Code
		body  []byte
		alive bool
	}{
		"create":                    {op: wire.Create, alive: true},
		"delete, no node":           {op: wire.Delete, code: wire.NoNode, alive: true},
		"multi":                     {op: wire.Multi, body: wire.AppendInt(nil, int32(wire.Check)), alive: false}, // cut off
		"multi that failed":         {op: wire.Multi, body: failed(wire.BadVersion), alive: true},
		"multi of a dead session":   {op: wire.Multi, body: failed(wire.SessionExpired), alive: false},
		"multi of nothing":          {op: wire.Multi, alive: false},
		"read":                      {op: wire.Exists, alive: false},
		"sync":                      {op: wire.Sync, alive: false},
		"create of a moved session": {op: wire.Create, code: wire.SessionMoved, alive: false},
		"close of the session":      {op: wire.CloseSession, alive: false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
				s.codes[c.op], s.bodies[c.op] = c.code, c.body
				cl := dial(t, l)
				id := cl.connect(0).Session
				time.Sleep(5 * time.Second)
				frame := cl.frame(c.op, "/a")
				cl.Write(frame)
				time.Sleep(2 * time.Second) // the answer is not what counts
				must.Get(cl.reply())(t)
				want := time.Duration(0)
				if c.alive {
					want = 5 * time.Second
				}
				if got := l.Alive(id); got != want {
					t.Errorf("alive at %s, want %s", got, want)
				}
				if alive, zxid := l.Evidence(id); alive != want || zxid != 0x101 {
					t.Errorf("evidence: alive at %s, zxid %#x", alive, zxid)
				}
				if s, ok := l.Session(); !ok || s.ID != id || s.Zxid != 0x101 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestPingProvesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		time.Sleep(time.Second)
		wire.WriteFrame(c, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil))
		if h, err := c.reply(); err != nil || h.Xid != wire.XidPing {
			t.Fatal(h, err)
		}
		if s, _ := l.Session(); s.Alive != 0 || s.Zxid != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestExpiredIsRecordedWhenTheClientIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		s.tell(func() { delete(s.sessions, id) })
		c.Close()
		c = dial(t, l)
		if res := c.connect(id); !res.Refused() {
			t.Fatal("not refused")
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1", "expired 0x1a1")
		if _, err := c.reply(); err == nil {
			t.Error("the connection of a refused session stays open")
		}
	})
}

// A fact tells what kept a session alive: any request that a server answered, including pings.
func TestExpiredTellsWhatWasAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		pauses          []time.Duration // before each ping
		answered, since time.Duration
	}{
		"not at all":      {nil, 0, 0},
		"all the time":    {[]time.Duration{time.Second, time.Second, time.Second}, 3 * time.Second, 0},
		"after a silence": {[]time.Duration{time.Second, 3 * time.Second, time.Second}, 5 * time.Second, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
				c := dial(t, l)
				id := c.connect(0).Session
				for _, pause := range tt.pauses {
					time.Sleep(pause)
					wire.WriteFrame(c, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil))
					if h, err := c.reply(); err != nil || h.Xid != wire.XidPing {
						t.Fatal(h, err)
					}
				}
				s.tell(func() { delete(s.sessions, id) })
				c.Close()
				dial(t, l).connect(id)
				got := r.events[len(r.events)-1]
				var v history.Expired
				if err := got.Decode(&v); got.F != history.FExpired || err != nil || v != (history.Expired{Server: "a:2181", Answered: tt.answered, Since: tt.since}) {
					t.Errorf("%s, %+v, %v", got.F, v, err)
				}
			})
		})
	}
}

// A request is recorded as overtaken once, by a request that servers answer in order.
func TestOvertaken(t *testing.T) {
	var q requests
	for i, op := range []wire.Op{wire.GetData, wire.Auth, wire.Exists, wire.Ping, wire.Sync, wire.Create} {
		xid := int32(i + 1)
		if op == wire.Ping {
			xid = wire.XidPing
		}
		q.push(request{xid: xid, op: op})
	}
	for _, tt := range []struct {
		reply int32
		want  []int32
	}{{2, nil}, {wire.XidPing, nil}, {99, nil}, {5, []int32{1, 3}}, {6, nil}, {1, nil}, {3, nil}} {
		var got []int32
		for _, r := range q.overtaken(tt.reply) {
			got = append(got, r.Xid)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("reply to %d: %d, want %d", tt.reply, got, tt.want)
		}
		q.take(tt.reply)
	}
}

func TestSessionsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		a, b := dial(t, l), dial(t, l)
		first, second := a.connect(0).Session, b.connect(0).Session
		a.do(wire.Create, "/a")
		a.Close()
		got := l.Sessions()
		if len(got) != 2 || got[0].ID != second || !got[0].Connected || got[1].ID != first || got[1].Connected {
			t.Errorf("%+v", got)
		}
		if string(got[0].Password) != string(password(second)) || got[0].Timeout != 4*time.Second {
			t.Errorf("%+v", got[0])
		}
		wantFacts(t, r, "connected 0x1a1", "connected 0x1a2", "disconnected 0x1a1")
	})
}

func TestASessionThatMovesBetweenConnectionsStaysConnected(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		a, b := dial(t, l), dial(t, l)
		id := a.connect(0).Session
		b.connect(id)
		if _, err := a.reply(); err == nil {
			t.Fatal("the old connection lives")
		}
		wantFacts(t, r, "connected 0x1a1", "connected 0x1a1")
		b.Close()
		wantFacts(t, r, "connected 0x1a1", "connected 0x1a1", "disconnected 0x1a1")
	})
}

func TestCut(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		read := make(chan error)
		go func() {
			_, err := c.reply()
			read <- err
		}()
		synctest.Wait()
		if n := l.Cut(); n != 1 {
			t.Errorf("cut %d", n)
		}
		if err := <-read; !errors.Is(err, ErrCut) {
			t.Errorf("read: %v", err)
		}
		if _, err := c.do(wire.Create, "/a"); !errors.Is(err, ErrCut) {
			t.Errorf("write: %v", err)
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
		if n := l.Cut(); n != 0 {
			t.Errorf("cut %d more", n)
		}
	})
}

func TestCutTakesBackWhatTheClientHasNotRead(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		c.Write(c.frame(wire.Exists, "/a"))
		var head [4]byte
		if _, err := c.Read(head[:]); err != nil { // the rest is read ahead
			t.Fatal(err)
		}
		l.Cut()
		if _, err := c.Read(head[:]); !errors.Is(err, ErrCut) {
			t.Errorf("%v", err)
		}
	})
}

func TestHold(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		one, two := l.Hold(), l.Hold()
		began := time.Now()
		if _, err := l.Dial("tcp", "a:2181", time.Second); !errors.Is(err, ErrHeld) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if s.dials != 0 {
			t.Errorf("%d dials went through", s.dials)
		}
		one()
		one()
		time.AfterFunc(3*time.Second, two)
		began = time.Now()
		c, err := l.Dial("tcp", "a:2181", 0)
		if err != nil || time.Since(began) != 3*time.Second {
			t.Fatalf("%v after %s", err, time.Since(began))
		}
		c.Close()
	})
}

// A dial that began before the hold must not slip through.
func TestHoldCatchesADialUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted()
		slow := func(network, addr string, timeout time.Duration) (net.Conn, error) {
			time.Sleep(100 * time.Millisecond)
			return s.Dial(network, addr, timeout)
		}
		l := New(Config{Dial: slow})
		defer l.Close()
		time.AfterFunc(50*time.Millisecond, func() { time.AfterFunc(10*time.Second, l.Hold()) })
		began := time.Now()
		c, err := l.Dial("tcp", "a:2181", time.Minute)
		if err != nil || time.Since(began) < 10*time.Second {
			t.Fatalf("%v after %s", err, time.Since(began))
		}
		c.Close()
	})
}

func TestCloseEndsEverything(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		defer l.Hold()()
		held := make(chan error)
		go func() {
			_, err := l.Dial("tcp", "a:2181", 0)
			held <- err
		}()
		synctest.Wait()
		l.Close()
		l.Close()
		if err := <-held; !errors.Is(err, ErrClosed) {
			t.Errorf("held dial: %v", err)
		}
		if _, err := l.Dial("tcp", "a:2181", 0); !errors.Is(err, ErrClosed) {
			t.Errorf("later dial: %v", err)
		}
		if _, err := c.reply(); err == nil {
			t.Error("the connection lives")
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
	})
}

func TestConnectTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		s.silent = true
		c := dial(t, l)
		wire.WriteFrame(c, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil))
		c.SetReadDeadline(time.Now().Add(26 * time.Second)) // the client's own deadline
		began := time.Now()
		_, err := c.reply()
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != DefaultConnectTimeout {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		wantFacts(t, r)
	})
}

func TestConnectTimeoutEndsWithTheResponse(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.SetReadDeadline(time.Now().Add(26 * time.Second))
		c.connect(0)
		began := time.Now()
		if _, err := c.reply(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 26*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		// An expired deadline does not end the connection: the client may continue.
		c.SetDeadline(time.Time{})
		if _, err := c.do(wire.Exists, "/a"); err != nil {
			t.Error(err)
		}
	})
}

func TestOtherProtocolsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		l := New(Config{Record: r.add, Dial: func(string, string, time.Duration) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				var word [4]byte
				far.Read(word[:])
				far.Write(append([]byte("you said "), word[:]...))
			}()
			return near, nil
		}})
		defer l.Close()
		c := dial(t, l)
		c.Write([]byte("srvr"))
		time.Sleep(10 * time.Second) // no limit for requests other than connect
		b := make([]byte, 100)
		if n, err := c.Read(b); err != nil || string(b[:n]) != "you said srvr" {
			t.Errorf("%q, %v", b[:n], err)
		}
		wantFacts(t, r)
	})
}

func TestOnRequestSeesEveryRequest(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	cfg := Config{OnRequest: func(op wire.Op, path string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, op.String()+" "+path)
	}}
	bubbleWith(t, cfg, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		// Two requests in one piece, and one in many.
		c.Write(slices.Concat(c.frame(wire.Create, "/a"), c.frame(wire.Delete, "/b")))
		c.reply()
		c.reply()
		for _, b := range c.frame(wire.GetChildren2, "/c") {
			c.Write([]byte{b})
		}
		c.reply()
		want := []string{"create /a", "delete /b", "getChildren2 /c"}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want, s.requests()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[wire.Op]int{wire.Create: 1, wire.Delete: 1, wire.GetChildren2: 1}, l.Requests()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestExpireSession(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		zxid, err := l.ExpireSession(t.Context(), id, "b:2181")
		if err != nil || zxid != 0x101 {
			t.Fatalf("zxid %#x, %v", zxid, err)
		}
		if len(s.sessions) != 0 {
			t.Error("the server still has the session")
		}
		if _, err := c.reply(); err == nil {
			t.Error("the old connection lives")
		}
		if res := dial(t, l).connect(id); !res.Refused() {
			t.Error("not refused")
		}
		wantFacts(t, r, "connected 0x1a1", "dead 0x1a1", "disconnected 0x1a1", "expired 0x1a1")
		if s, _ := l.Session(); !s.Dead {
			t.Error("not dead")
		}
	})
}

func TestExpireSessionHoldsTheClientBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted()
		slow := func(network, addr string, timeout time.Duration) (net.Conn, error) {
			if addr == "b:2181" {
				time.Sleep(100 * time.Millisecond)
			}
			return s.Dial(network, addr, timeout)
		}
		l := New(Config{Dial: slow})
		defer l.Close()
		c := dial(t, l)
		id := c.connect(0).Session
		c.Close()
		go l.ExpireSession(t.Context(), id, "b:2181")
		time.Sleep(50 * time.Millisecond)
		if res := dial(t, l).connect(id); !res.Refused() {
			t.Error("the client resumed its session in between")
		}
		if s, _ := l.Session(); !s.Dead {
			t.Error("the session did not expire")
		}
	})
}

func TestARefusalIsNoProofOfDeath(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		id := dial(t, l).connect(0).Session
		s.tell(func() { delete(s.sessions, id) })
		if _, err := l.ExpireSession(t.Context(), id, "b:2181"); !errors.Is(err, wire.ErrRefused) {
			t.Errorf("%v", err)
		}
		wantFacts(t, r, "connected 0x1a1")
		if l.Clean() != nil {
			t.Error("connections are still held back")
		}
	})
}

func TestExpireSessionFailures(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		if _, err := l.ExpireSession(t.Context(), 7, "b:2181"); err == nil {
			t.Error("expired an unknown session")
		}
		id := dial(t, l).connect(0).Session
		if _, err := l.ExpireSession(t.Context(), id, "down:2181"); err == nil {
			t.Error("expired through a server that is down")
		}
		s.tell(func() { s.silent = true })
		began := time.Now()
		if _, err := l.ExpireSession(t.Context(), id, "b:2181"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 4*time.Second {
			t.Errorf("silent server: %v after %s", err, time.Since(began))
		}
		if l.Clean() != nil {
			t.Error("connections are still held back")
		}
	})
}

// A client that resumes its session at this moment would take it over before it is expired.
func TestExpireSessionCutsAConnectUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		first := dial(t, l)
		id := first.connect(0).Session
		first.Close()
		s.tell(func() { s.silent = true })
		victim := dial(t, l)
		wire.WriteFrame(victim, wire.ConnectRequest{Session: id, Password: password(id), Timeout: time.Second}.Append(nil))
		fresh := dial(t, l)
		other := dial(t, l)
		wire.WriteFrame(other, wire.ConnectRequest{Timeout: time.Second, Password: make([]byte, 16)}.Append(nil))
		synctest.Wait()
		s.tell(func() { s.silent = false })
		must.Get(l.ExpireSession(t.Context(), id, "b:2181"))(t)
		if _, err := victim.reply(); !errors.Is(err, ErrCut) {
			t.Errorf("victim: %v", err)
		}
		if _, err := fresh.reply(); !errors.Is(err, ErrCut) {
			t.Errorf("who has not said what it wants: %v", err)
		}
		if _, err := other.reply(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("another session's connection: %v", err)
		}
	})
}

// Two concurrent readers must not stop the clock, for which one of them waits.
func TestTwoReaders(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		c.SetReadDeadline(time.Now().Add(time.Second))
		ended := make(chan error, 2)
		for range cap(ended) {
			go func() {
				_, err := c.Read(make([]byte, 1))
				ended <- err
			}()
		}
		for range cap(ended) {
			if err := <-ended; !isTimeout(err) {
				t.Errorf("error %v", err)
			}
		}
	})
}
