package link

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/wire"
)

func lose(t *testing.T, l *Link, r Rule) *Loss {
	t.Helper()
	x, err := l.Lose(r)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func happened(x *Loss) bool {
	_, ok := x.Lost()
	return ok
}

func TestLostRequest(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		x := lose(t, l, Rule{What: Request, Op: wire.Create, Nth: 2})
		// All in one piece: what comes before it is sent, it and the rest are not.
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
		lost, _ := x.Lost()
		if diff := cmp.Diff(Lost{Op: wire.Create, Path: "/c", Session: 0x1a1}, lost); diff != "" {
			t.Error(diff)
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
		// Once only.
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
				lost, _ := x.Lost()
				if diff := cmp.Diff(Lost{Op: wire.Create, Path: "/a", Session: 0x1a1, At: time.Second, Zxid: 0x102}, lost); diff != "" {
					t.Error(diff)
				}
				// The client saw nothing, but a quorum did answer.
				if l.Alive(0x1a1) != time.Second {
					t.Errorf("alive %s", l.Alive(0x1a1))
				}
				if got := s.requests(); !slices.Contains(got, "create /a") {
					t.Errorf("the server got %v", got)
				}
				wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
			})
		})
	}
}

// A lost reply to closeSession still is a reply that was received.
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
		if lost, ok := x.Lost(); !ok || lost.Path != "/b" {
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
