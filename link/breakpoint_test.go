package link

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

// at is the point of client 3's first operation, which is called work.
func at(t *testing.T, message string) Point {
	t.Helper()
	p := must.Get(ParsePoint("client3/work#1/" + message))(t)
	return p
}

// stopped calls do when a message comes to its point, and then lets the message go.
func stopped(t *testing.T, l *Link, message string, do func(*Stopped)) (done <-chan struct{}) {
	b := l.Break(at(t, message))
	over := make(chan struct{})
	go func() {
		defer close(over)
		s := <-b.Reached()
		do(s)
		s.Resume()
		s.Resume()
		b.Clear()
	}()
	return over
}

// When requests are written together and one reaches its point, those before it have been passed on,
// and it and those after it have not. After the stop, it has been passed on as well.
func TestBreakpointAtARequest(t *testing.T) {
	for message, want := range map[string][]string{
		"create#2":       {"create /1"},
		"create#2/after": {"create /1", "create /2"},
	} {
		bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
			c := dial(t, l)
			c.connect(0)
			l.Operation("work")
			var before []string
			done := stopped(t, l, message, func(m *Stopped) {
				time.Sleep(time.Second)
				before = s.requests()
				if m.Server() == "" || m.Point() != at(t, message) {
					t.Errorf("it is %s on %s", m.Point(), m.Server())
				}
			})
			var all []byte
			for _, path := range []string{"/1", "/2", "/3"} {
				all = append(all, c.frame(wire.Create, path)...)
			}
			c.Write(all)
			c.list(3)
			<-done
			if diff := cmp.Diff(want, before); diff != "" {
				t.Errorf("%s: %s", message, diff)
			}
			if got := s.requests(); len(got) != 3 {
				t.Errorf("%s: then %v", message, got)
			}
			mustBeClean(t, l)
		})
	}
}

// When replies come together and one reaches its point, the client has those before it, and none after
// it.
func TestBreakpointAtAReply(t *testing.T) {
	for message, want := range map[string]int{"create#2/reply": 1, "create#2/reply/after": 2} {
		bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
			c := dial(t, l)
			c.connect(0)
			l.Operation("work")
			done := stopped(t, l, message, func(*Stopped) {
				time.Sleep(time.Second)
				l.Cut()
			})
			c.send(wire.Create, 3)
			time.Sleep(time.Second)
			got := 0
			for {
				if _, err := c.reply(); err != nil {
					if !errors.Is(err, ErrCut) {
						t.Error(err)
					}
					break
				}
				got++
			}
			<-done
			if got != want || len(s.requests()) != 3 {
				t.Errorf("%s: the client got %d replies, the server %v", message, got, s.requests())
			}
			mustBeClean(t, l)
		})
	}
}

// A request that is cut off while it is stopped never gets to the server, and the write
// fails.
func TestCutBeforeARequest(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		c.connect(0)
		l.Operation("work")
		done := stopped(t, l, "create#1", func(*Stopped) { l.Cut() })
		if _, err := c.Write(c.frame(wire.Create, "/a")); !errors.Is(err, ErrCut) {
			t.Error(err)
		}
		<-done
		time.Sleep(time.Second)
		if got := s.requests(); len(got) != 0 {
			t.Errorf("the server got %v", got)
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1")
	})
}

// Exactly the stopped message is lost, and no other.
func TestLoseAtABreakpoint(t *testing.T) {
	for message, want := range map[string][]string{
		"create#2":       {"create /1"},
		"create#2/reply": {"create /1", "create /2"},
	} {
		bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
			c := dial(t, l)
			c.connect(0)
			l.Operation("work")
			var loss *Loss
			done := stopped(t, l, message, func(m *Stopped) {
				var err error
				if loss, err = m.Lose(); err != nil {
					t.Error(err)
				}
				if _, err := m.Lose(); !errors.Is(err, ErrTaken) {
					t.Errorf("twice: %v", err)
				}
				if _, err := m.HoldEvent(0); err == nil {
					t.Error("held back like an event")
				}
			})
			if _, err := c.do(wire.Create, "/1"); err != nil {
				t.Error(err)
			}
			if _, err := c.do(wire.Create, "/2"); !errors.Is(err, ErrCut) {
				t.Errorf("the client got %v", err)
			}
			<-done
			<-loss.Done()
			if lost := loss.Lost(); len(lost) != 1 || lost[0].Op != wire.Create {
				t.Errorf("lost %+v", lost)
			}
			if diff := cmp.Diff(want, s.requests()); diff != "" {
				t.Errorf("%s: the server got: %s", message, diff)
			}
			mustBeClean(t, l)
		})
	}
}

// If the connection of a message ends before its loss, no other message is lost instead.
func TestLoseAfterTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		l.Operation("work")
		var loss *Loss
		done := stopped(t, l, "create#1/reply", func(m *Stopped) {
			loss, _ = m.Lose()
			l.Cut()
		})
		c.do(wire.Create, "/1")
		<-done
		again := dial(t, l)
		again.connect(id)
		if _, err := again.do(wire.Create, "/2"); err != nil {
			t.Errorf("the next: %v", err)
		}
		if got := loss.Lost(); len(got) > 0 {
			t.Errorf("lost %+v", got)
		}
	})
}

// Exactly the stopped event is late, and no other.
func TestHoldEventAtABreakpoint(t *testing.T) {
	for _, behind := range []int{0, 2} {
		bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
			c := dial(t, l)
			id := c.connect(0).Session
			l.Operation("work")
			done := stopped(t, l, "event#2", func(m *Stopped) {
				if _, err := m.Lose(); err == nil {
					t.Error("an event is lost")
				}
				h, err := m.HoldEvent(behind)
				if err != nil {
					t.Error(err)
				}
				time.AfterFunc(time.Minute, h.Release)
			})
			for _, path := range []string{"/1", "/2", "/3"} {
				s.fire(id, wire.EventDeleted, path)
			}
			c.list(2)
			<-done
			c.send(wire.Exists, 3)
			want := []string{"reply 1", "reply 2", "event /2", "reply 3"}
			if behind == 0 {
				want = []string{"reply 1", "reply 2", "reply 3", "event /2"}
			}
			if diff := cmp.Diff(want, c.list(4)); diff != "" {
				t.Errorf("behind %d: %s", behind, diff)
			}
			time.Sleep(time.Minute)
			mustBeClean(t, l)
		})
	}
}

// Clearing a breakpoint lets the stopped message and later ones pass.
func TestClear(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		l.Operation("work")
		nobody, taken := l.Break(at(t, "create#1")), l.Break(at(t, "create#2"))
		time.AfterFunc(time.Second, nobody.Clear)
		go func() {
			<-taken.Reached()
			taken.Clear()
		}()
		began := time.Now()
		if _, err := c.do(wire.Create, "/1"); err != nil || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if _, err := c.do(wire.Create, "/2"); err != nil {
			t.Error(err)
		}
		l.Break(at(t, "create#3")).Clear()
		if _, err := c.do(wire.Create, "/3"); err != nil {
			t.Error(err)
		}
		mustBeClean(t, l)
	})
}

// Several breakpoints at one point get the message one after the other.
func TestBreakpointsAtOnePoint(t *testing.T) {
	bubble(t, func(t *testing.T, _ *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		l.Operation("work")
		var order []string
		first := stopped(t, l, "create#1", func(*Stopped) { time.Sleep(time.Second); order = append(order, "first") })
		second := stopped(t, l, "create#1", func(*Stopped) { order = append(order, "second") })
		c.do(wire.Create, "/1")
		<-first
		<-second
		if diff := cmp.Diff([]string{"first", "second"}, order); diff != "" {
			t.Error(diff)
		}
	})
}

// BreakWhere stops all messages that are wanted, and no others, until it is cleared.
func TestBreakWhere(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		c.connect(0)
		l.Operation("work")
		var asked []Point
		b := l.BreakWhere(func(p Point, paths []string) bool {
			asked = append(asked, p)
			if request := p.Message == "create" && !p.Reply && !p.After; request != (len(paths) == 1 && paths[0] == "/"+strconv.Itoa(p.Which)) {
				t.Errorf("%s names %q", p, paths)
			}
			return p.Message == "create" && !p.Reply && !p.After && p.Which != 2
		})
		if err := l.Clean(); err == nil || err.Error() != "still in force on the link: breakpoint at any message" {
			t.Error(err)
		}
		var all []byte
		for _, path := range []string{"/1", "/2", "/3"} {
			all = append(all, c.frame(wire.Create, path)...)
		}
		go c.Write(all)
		for i, want := range []string{"create#1", "create#3"} {
			m := <-b.Reached()
			time.Sleep(time.Second)
			if m.Point() != at(t, want) || len(s.requests()) != 2*i {
				t.Errorf("stopped at %s, when the server had %v", m.Point(), s.requests())
			}
			m.Resume()
		}
		c.list(3)
		b.Clear()
		n := len(asked)
		c.Write(c.frame(wire.Create, "/4"))
		c.list(1)
		if n < 9 || len(asked) != n || len(s.requests()) != 4 {
			t.Errorf("asked %d times, and %d then; the server has %v", n, len(asked)-n, s.requests())
		}
		mustBeClean(t, l)
	})
}
