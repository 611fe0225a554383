package link

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

func lose(t *testing.T, l *Link, r Rule) *Loss {
	t.Helper()
	x := must.Get(l.Lose(r))(t)
	return x
}

func happened(x *Loss) bool {
	return len(x.Lost()) > 0
}

func TestLostRequest(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		x := lose(t, l, Rule{What: Request, Op: wire.Create, Nth: 2})
		// All requests are in one piece: those before the lost one are sent, it and the rest are not.
		stream := slices.Concat(c.frame(wire.Create, "/a"), c.frame(wire.Delete, "/b"), c.frame(wire.Create, "/c"), c.frame(wire.Delete, "/d"))
		if n, err := c.Write(stream); n != len(stream) || err != nil {
			t.Errorf("the client notices: %d, %v", n, err)
		}
		<-x.Done()
		if _, err := c.reply(); !errors.Is(err, ErrCut) {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"create /a", "delete /b"}, s.requests()); diff != "" {
			t.Error(diff)
		}
		lost := x.Lost()
		if diff := cmp.Diff([]Lost{{Op: wire.Create, Path: "/c", Session: 0x1a1}}, lost); diff != "" {
			t.Error(diff)
		}
		// The lost request was never sent; those before it lost their connection.
		wantFacts(t, r, "connected 0x1a1", "unanswered 0x1a1", "disconnected 0x1a1")
		if got, want := string(r.events[1].Value), `{"requests":[{"xid":1,"op":"create","path":"/a","sent":0},{"xid":2,"op":"delete","path":"/b","sent":0}]}`; got != want {
			t.Errorf("unanswered: %s", got)
		}
		// The loss happens only once.
		c = dial(t, l)
		c.connect(0)
		for range 3 {
			if _, err := c.do(wire.Create, "/e"); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestLostRequestInPieces(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		x := lose(t, l, Rule{What: Request, Op: wire.Create})
		for _, b := range c.frame(wire.Create, "/a") {
			c.Write([]byte{b})
		}
		<-x.Done()
		synctest.Wait()
		if got := s.requests(); len(got) != 0 {
			t.Errorf("the server got %v", got)
		}
	})
}

func TestLostReply(t *testing.T) {
	for name, readSize := range map[string]int{"small reads": 0, "large reads": 1 << 16} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
				c := dial(t, l)
				c.connect(0)
				x := lose(t, l, Rule{What: Reply, Op: wire.Create, Path: "/a"})
				time.Sleep(time.Second)
				c.Write(slices.Concat(c.frame(wire.Exists, "/a"), c.frame(wire.Create, "/a"), c.frame(wire.Create, "/a/b")))
				read := c.reply
				if readSize > 0 {
					read = func() (wire.ReplyHeader, error) {
						b := make([]byte, readSize)
						n, err := c.Read(b)
						if n == 0 {
							return wire.ReplyHeader{}, err
						}
						h, _, err := wire.DecodeReplyHeader(b[4:n])
						return h, err
					}
				}
				if h, err := read(); err != nil || h.Xid != 1 {
					t.Fatalf("the reply before: %+v, %v", h, err)
				}
				if h, err := read(); !errors.Is(err, ErrCut) {
					t.Fatalf("%+v, %v", h, err)
				}
				<-x.Done()
				lost := x.Lost()
				if diff := cmp.Diff([]Lost{{Op: wire.Create, Path: "/a", Session: 0x1a1, At: time.Second, Zxid: 0x102}}, lost); diff != "" {
					t.Error(diff)
				}
				// The client saw nothing, but a quorum answered.
				if l.Alive(0x1a1) != time.Second {
					t.Errorf("alive %s", l.Alive(0x1a1))
				}
				if got := s.requests(); !slices.Contains(got, "create /a") {
					t.Errorf("the server got %v", got)
				}
				wantFacts(t, r, "connected 0x1a1", "unanswered 0x1a1", "disconnected 0x1a1")
			})
		})
	}
}

// The fact of a lost reply that refused its request has the reason.
func TestLostRefusal(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		s.tell(func() { s.codes[wire.Delete] = wire.NoNode })
		c := dial(t, l)
		c.connect(0)
		x := lose(t, l, Rule{What: Reply, Op: wire.Delete})
		if _, err := c.do(wire.Delete, "/a"); !errors.Is(err, ErrCut) {
			t.Error(err)
		}
		<-x.Done()
		if lost := x.Lost(); len(lost) != 1 || lost[0].Code != wire.NoNode {
			t.Errorf("%+v", lost)
		}
	})
}

// A lost reply to closeSession was still received by the link.
func TestLostCloseReplyProvesDeath(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		lose(t, l, Rule{What: Reply, Op: wire.CloseSession})
		if _, err := c.do(wire.CloseSession, ""); !errors.Is(err, ErrCut) {
			t.Error(err)
		}
		wantFacts(t, r, "connected 0x1a1", "dead 0x1a1", "disconnected 0x1a1")
	})
}

func TestLossWaitsForAReplyThatComes(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		x := lose(t, l, Rule{What: Reply, Op: wire.Create})
		c.Write(c.frame(wire.Create, "/a"))
		l.Cut() // before the reply
		if happened(x) {
			t.Error("it took effect")
		}
		c = dial(t, l)
		c.connect(0)
		if _, err := c.do(wire.Create, "/b"); !errors.Is(err, ErrCut) {
			t.Error(err)
		}
		if lost := x.Lost(); len(lost) != 1 || lost[0].Path != "/b" {
			t.Errorf("%+v", lost)
		}
	})
}

func TestCancelledLoss(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		x, y := lose(t, l, Rule{What: Reply}), lose(t, l, Rule{What: Request})
		c.Write(c.frame(wire.Exists, "/a")) // x awaits this reply
		x.Cancel()
		x.Cancel()
		y.Cancel()
		if _, err := c.reply(); err != nil {
			t.Error(err)
		}
		if _, err := c.do(wire.Create, "/b"); err != nil || happened(x) || happened(y) {
			t.Error("a cancelled loss happened", err)
		}
	})
}

func TestTwoLossesInARow(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		x, y := lose(t, l, Rule{What: Reply, Op: wire.Create}), lose(t, l, Rule{What: Reply, Op: wire.GetChildren})
		c := dial(t, l)
		c.connect(0)
		c.do(wire.Create, "/a/_c_n-")
		c = dial(t, l)
		c.connect(0)
		c.do(wire.GetChildren2, "/a")
		if !happened(x) || !happened(y) {
			t.Error(happened(x), happened(y))
		}
	})
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule  Rule
		op    wire.Op
		paths []string
		want  bool
	}{
		{Rule{}, wire.Ping, nil, true},
		{Rule{Op: wire.Create}, wire.Create2, []string{"/a"}, true},
		{Rule{Op: wire.Create2}, wire.Create, []string{"/a"}, false},
		{Rule{Op: wire.GetChildren}, wire.GetChildren2, []string{"/a"}, true},
		{Rule{Op: wire.Delete}, wire.Create, []string{"/a"}, false},
		{Rule{Path: "/a"}, wire.Create, []string{"/a"}, true},
		{Rule{Path: "/a"}, wire.Create, []string{"/a/b/c"}, true},
		{Rule{Path: "/a/"}, wire.Create, []string{"/a/b"}, true},
		{Rule{Path: "/a"}, wire.Create, []string{"/ab"}, false},
		{Rule{Path: "/a/b"}, wire.Create, []string{"/a"}, false},
		{Rule{Path: "/"}, wire.Create, []string{"/a"}, true},
		{Rule{Path: "/a"}, wire.Ping, nil, false},
		{Rule{Path: "/a/n-*"}, wire.Create, []string{"/a/n-7"}, true},
		{Rule{Path: "/a/*"}, wire.Create, []string{"/a/b/c"}, false},
		{Rule{Path: "/*/b"}, wire.Create, []string{"/a/b"}, true},
		{Rule{Path: "/b"}, wire.Multi, []string{"/a", "/b/c"}, true},
	} {
		if got := c.rule.matches(c.op, c.paths); got != c.want {
			t.Errorf("%+v, %s %v: %v", c.rule, c.op, c.paths, got)
		}
	}
	l := New(Config{})
	for _, bad := range []Rule{{Path: "/["}, {Nth: -1}} {
		if _, err := l.Lose(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestRepliesOutOfOrderFindTheirRequests(t *testing.T) {
	var q requests
	for xid := range int32(300) {
		q.push(request{xid: xid})
		if xid%3 == 2 { // the newest, then the oldest
			for _, want := range []int32{xid, xid / 3 * 2, xid/3*2 + 1} {
				if r, ok := q.take(want); ok && r.xid != want {
					t.Fatalf("got %d for %d", r.xid, want)
				}
			}
		}
	}
	if _, ok := q.take(1000); ok {
		t.Error("found what was never sent")
	}
	for len(q.all()) > 0 {
		want := q.all()[0].xid
		if r, ok := q.take(want); !ok || r.xid != want {
			t.Fatalf("%d: %+v", want, r)
		}
	}
}

// operate does n creates, reconnects when a connection has ended, and returns the numbers of the failed
// creates, from 1.
func operate(t *testing.T, l *Link, n int) (failed []int) {
	t.Helper()
	var c *client
	for i := range n {
		if c == nil {
			c = dial(t, l)
			c.connect(0)
		}
		if _, err := c.do(wire.Create, "/a"); err != nil {
			failed, c = append(failed, i+1), nil
		}
	}
	return failed
}

func TestLossesManyTimes(t *testing.T) {
	for _, what := range []What{Request, Reply} {
		for _, c := range []struct {
			nth, times int
			want       []int
		}{
			{0, 0, []int{1}},
			{1, 1, []int{1}},
			{2, 1, []int{2}},
			{2, 3, []int{2, 3, 4}},
			{3, -1, []int{3, 4, 5, 6}},
			{7, 1, nil},
		} {
			bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
				x := lose(t, l, Rule{What: what, Op: wire.Create, Nth: c.nth, Times: c.times})
				if diff := cmp.Diff(c.want, operate(t, l, 6)); diff != "" {
					t.Errorf("%s, nth %d, %d times: %s", what, c.nth, c.times, diff)
				}
				if got := len(x.Lost()); got != len(c.want) {
					t.Errorf("%d lost", got)
				}
				reached := 6
				if what == Request {
					reached -= len(c.want)
				}
				if got := len(s.requests()); got != reached {
					t.Errorf("the server got %d", got)
				}
				select {
				case <-x.Done():
					mustBeClean(t, l)
				default:
					if len(c.want) > 0 && c.times >= 0 {
						t.Error("not done")
					}
				}
				if l.Clean() != nil {
					x.Cancel()
					mustBeClean(t, l)
				}
				if failed := operate(t, l, 3); len(failed) > 0 {
					t.Errorf("afterwards: %v", failed)
				}
			})
		}
	}
}

func TestTheFirstOfManyLossesIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		x := lose(t, l, Rule{What: Reply, Times: 2})
		for i := range 2 {
			c := dial(t, l)
			c.connect(0)
			c.do(wire.Create, "/a")
			<-x.First()
			select {
			case <-x.Done():
				if i == 0 {
					t.Error("done after one of two")
				}
			default:
				if i == 1 {
					t.Error("not done")
				}
			}
		}
	})
}

// Both requests are to lose their replies, but the first loss ends the connection, and the second loss
// waits for another request.
func TestLossesOfPipelinedReplies(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		x := lose(t, l, Rule{What: Reply, Op: wire.Create, Times: 2})
		c := dial(t, l)
		c.connect(0)
		c.Write(slices.Concat(c.frame(wire.Create, "/a"), c.frame(wire.Create, "/b")))
		c.reply()
		if got := x.Lost(); len(got) != 1 || got[0].Path != "/a" {
			t.Errorf("%+v", got)
		}
		c = dial(t, l)
		c.connect(0)
		c.do(wire.Create, "/c")
		<-x.Done()
		if got := x.Lost(); len(got) != 2 || got[1].Path != "/c" {
			t.Errorf("%+v", got)
		}
	})
}

// Each of two concurrent connections loses a reply.
func TestLossesOnTwoConnections(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		x := lose(t, l, Rule{What: Reply, Op: wire.Create, Times: -1})
		a, b := dial(t, l), dial(t, l)
		a.connect(0)
		b.connect(0)
		a.Write(a.frame(wire.Create, "/a"))
		b.Write(b.frame(wire.Create, "/b"))
		a.reply()
		b.reply()
		if got := x.Lost(); len(got) != 2 {
			t.Errorf("%+v", got)
		}
		x.Cancel()
		mustBeClean(t, l)
	})
}

// On a slow link, only what is to be lost is lost.
func TestLostRequestOnASlowLink(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		defer l.Slow(Shape{Delay: time.Second})()
		lose(t, l, Rule{What: Request, Path: "/b"})
		for _, path := range []string{"/a", "/b"} {
			c.Write(c.frame(wire.Create, path))
		}
		if _, err := c.reply(); !errors.Is(err, ErrCut) {
			t.Error(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"create /a"}, s.requests()); diff != "" {
			t.Error(diff)
		}
	})
}

// Rules about events do not affect losses.
func TestLostReplyWhileEventsAreHeld(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		hold(t, l, EventRule{})
		lose(t, l, Rule{What: Reply, Path: "/b"})
		c := dial(t, l)
		id := c.connect(0).Session
		s.fire(id, wire.EventCreated, "/a")
		c.Write(slices.Concat(c.frame(wire.Create, "/a"), c.frame(wire.Create, "/b"), c.frame(wire.Create, "/c")))
		if h, err := c.reply(); err != nil || h.Xid != 1 {
			t.Errorf("%+v, %v", h, err)
		}
		if h, err := c.reply(); !errors.Is(err, ErrCut) {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

// The reply to the nth request is lost, not the first reply that comes.
func TestLossIsOfTheRequestThatWasFirst(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		x := lose(t, l, Rule{What: Reply, Op: wire.Create})
		a, b := dial(t, l), dial(t, l)
		a.connect(0)
		b.connect(0)
		a.Write(a.frame(wire.Create, "/a"))
		if _, err := b.do(wire.Create, "/b"); err != nil {
			t.Error(err)
		}
		a.reply()
		if got := x.Lost(); len(got) != 1 || got[0].Path != "/a" {
			t.Errorf("%+v", got)
		}
	})
}

func TestPassed(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		want := func(up, down uint64) {
			t.Helper()
			if u, d := l.Passed(); u != up || d != down {
				t.Errorf("%d up, %d down, want %d and %d", u, d, up, down)
			}
		}
		c := dial(t, l)
		id := c.connect(0).Session
		want(1, 1)
		c.do(wire.Create, "/a")
		want(2, 2)
		s.fire(id, wire.EventCreated, "/a")
		c.reply()
		want(2, 3)
		lose(t, l, Rule{What: Reply})
		c.do(wire.Create, "/a")
		want(3, 3)
		c = dial(t, l)
		c.connect(0)
		lose(t, l, Rule{What: Request})
		c.do(wire.Create, "/a")
		want(4, 4)
	})
}
