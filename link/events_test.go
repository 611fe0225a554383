package link

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/wire"
)

func hold(t *testing.T, l *Link, r EventRule) *HeldEvents {
	t.Helper()
	h := must.Get(l.HoldEvents(r))(t)
	return h
}

// next reads a frame and returns its short form: "event /a", "reply 3".
func (c *client) next() string {
	body, err := wire.ReadFrame(c, nil, 0)
	if err != nil {
		return err.Error()
	}
	return inShort(body)
}

func inShort(body []byte) string {
	h, record, err := wire.DecodeReplyHeader(body)
	if err != nil {
		return err.Error()
	}
	if h.Xid != wire.XidEvent {
		return fmt.Sprintf("reply %d", h.Xid)
	}
	e, err := wire.DecodeWatchEvent(record)
	if err != nil {
		return err.Error()
	}
	return "event " + e.Path
}

func (c *client) list(n int) (got []string) {
	for range n {
		got = append(got, c.next())
	}
	return got
}

func (c *client) send(op wire.Op, n int) {
	for range n {
		c.Write(c.frame(op, "/x"))
	}
}

func TestHeldEvents(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		h := hold(t, l, EventRule{Type: wire.EventDeleted, Path: "/a", Behind: 2})
		time.Sleep(time.Second)
		for _, e := range []struct {
			kind wire.EventType
			path string
		}{
			{wire.EventDeleted, "/a"}, // held back
			{wire.EventDeleted, "/b"}, // another path
			{wire.EventCreated, "/a"}, // another type: this event overtakes
		} {
			s.fire(id, e.kind, e.path)
		}
		c.send(wire.Exists, 3)
		want := []string{"event /b", "event /a", "reply 1", "reply 2", "event /a", "reply 3"}
		if diff := cmp.Diff(want, c.list(6)); diff != "" {
			t.Error(diff)
		}
		<-h.Happened()
		wantHeld := []HeldEvent{{
			Type: wire.EventDeleted, Path: "/a", Session: 0x1a1, At: time.Second, Zxid: 0x101, Overtaken: 2, Delivered: true,
		}}
		if diff := cmp.Diff(wantHeld, h.Events()); diff != "" {
			t.Error(diff)
		}
		if up, down := l.Passed(); up != 4 || down != 7 {
			t.Errorf("%d up, %d down", up, down)
		}
		h.Release()
		mustBeClean(t, l)
		s.fire(id, wire.EventDeleted, "/a")
		c.send(wire.Exists, 1)
		if diff := cmp.Diff([]string{"event /a", "reply 4"}, c.list(2)); diff != "" {
			t.Error(diff)
		}
		wantFacts(t, r, "connected 0x1a1")
	})
}

func TestHeldEventsUntilRelease(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		all, one := hold(t, l, EventRule{}), hold(t, l, EventRule{Path: "/late"})
		s.fire(id, wire.EventCreated, "/a")
		s.fire(id, wire.EventCreated, "/b")
		c.send(wire.Exists, 3)
		if diff := cmp.Diff([]string{"reply 1", "reply 2", "reply 3"}, c.list(3)); diff != "" {
			t.Error(diff)
		}
		// The client waits, with a deadline; the release must wake it.
		c.SetReadDeadline(time.Now().Add(time.Minute))
		began := time.Now()
		time.AfterFunc(time.Second, all.Release)
		if diff := cmp.Diff([]string{"event /a", "event /b"}, c.list(2)); diff != "" || time.Since(began) != time.Second {
			t.Errorf("after %s: %s", time.Since(began), diff)
		}
		if _, err := c.reply(); !isTimeout(err) || time.Since(began) != time.Minute {
			t.Errorf("the client's deadline: %v after %s", err, time.Since(began))
		}
		one.Release()
		one.Release()
		mustBeClean(t, l)
		if e := all.Events(); len(e) != 2 || e[0].Overtaken != 3 || e[1].Overtaken != 3 || len(one.Events()) != 0 {
			t.Errorf("%+v, %+v", e, one.Events())
		}
	})
}

// Answers to pings do not count as overtaking, because recipes do not see them.
func TestPingsDoNotOvertake(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		h := hold(t, l, EventRule{Behind: 1})
		s.fire(id, wire.EventCreated, "/a")
		wire.WriteFrame(c, wire.RequestHeader{Xid: wire.XidPing, Op: wire.Ping}.Append(nil))
		if got := c.next(); got != "reply -2" {
			t.Error(got)
		}
		if e := h.Events(); e[0].Overtaken != 0 || e[0].Delivered {
			t.Errorf("%+v", e)
		}
		c.send(wire.Exists, 1)
		if diff := cmp.Diff([]string{"reply 1", "event /a"}, c.list(2)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHeldEventsGoWithTheirConnection(t *testing.T) {
	bubble(t, func(t *testing.T, s *scripted, l *Link, _ *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		h := hold(t, l, EventRule{})
		s.fire(id, wire.EventCreated, "/a")
		c.send(wire.Exists, 1)
		c.next()
		l.Cut()
		h.Release()
		if diff := cmp.Diff([]HeldEvent{{Path: "/a", Dropped: true, Overtaken: 1}}, h.Events(),
			cmpopts.IgnoreFields(HeldEvent{}, "Type", "Session", "At", "Zxid")); diff != "" {
			t.Error(diff)
		}
		mustBeClean(t, l)
	})
}

// A rule that comes while a frame is half delivered must not touch that frame.
func TestHoldEventsInTheMiddleOfAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, far, c := wired(t)
		event := frameOf("event /a")
		half := len(event) / 2
		go far.Write(event[:half])
		got := make([]byte, half)
		readFull(t, c, got)
		h := hold(t, l, EventRule{})
		go far.Write(slices.Concat(event[half:], frameOf("event /b"), frameOf("reply 7")))
		rest := make([]byte, len(event)-half)
		readFull(t, c, rest)
		if got := inShort(slices.Concat(got, rest)[4:]); got != "event /a" {
			t.Error(got)
		}
		if got := c.next(); got != "reply 7" {
			t.Error(got)
		}
		// This frame began while there was a rule, and ends when there is none.
		large := wire.AppendFrame(nil, slices.Concat(wire.ReplyHeader{Xid: 8}.Append(nil), make([]byte, 100)))
		go far.Write(large[:50])
		head := make([]byte, 50)
		readFull(t, c, head)
		h.Release()
		go far.Write(large[50:])
		tail := make([]byte, len(large)-50)
		readFull(t, c, tail)
		if !slices.Equal(large, slices.Concat(head, tail)) {
			t.Error("the frame was changed")
		}
		if got := c.next(); got != "event /b" {
			t.Error(got)
		}
	})
}

func readFull(t *testing.T, c net.Conn, b []byte) {
	t.Helper()
	for n := 0; n < len(b); {
		k := must.Get(c.Read(b[n:]))(t)
		n += k
	}
}

// wired returns a link with a session on a connection whose server end the test has.
func wired(t *testing.T) (l *Link, far net.Conn, c *client) {
	near, far := net.Pipe()
	l = New(Config{Dial: func(string, string, time.Duration) (net.Conn, error) { return near, nil }})
	t.Cleanup(func() { l.Close(); far.Close() })
	c = dial(t, l)
	go func() {
		wire.ReadFrame(far, nil, 0)
		wire.WriteFrame(far, wire.ConnectResponse{Timeout: time.Second, Session: 7, Password: make([]byte, 16)}.Append(nil))
	}()
	c.connect(0)
	return l, far, c
}

// frameOf is the inverse of inShort, with bodies of various sizes.
func frameOf(s string) []byte {
	var xid int32
	var path string
	if n, _ := fmt.Sscanf(s, "reply %d", &xid); n == 1 {
		return wire.AppendFrame(nil, append(wire.ReplyHeader{Xid: xid, Zxid: 1}.Append(nil), make([]byte, xid%7*xid%300)...))
	}
	fmt.Sscanf(s, "event %s", &path)
	e := wire.WatchEvent{Type: wire.EventCreated, State: wire.StateConnected, Path: path}
	return wire.AppendFrame(nil, e.Append(wire.ReplyHeader{Xid: wire.XidEvent, Zxid: 1}.Append(nil)))
}

// In whatever pieces bytes come and are read: the client gets whole frames, each once, with replies in
// order, events that no rule matches in their place, and held events later by exactly as many replies
// as the rule says.
func FuzzHeldEvents(f *testing.F) {
	f.Add(uint64(1), uint8(1))
	f.Add(uint64(2), uint8(3))
	f.Add(uint64(3), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, behind uint8) {
		checkHeldEvents(t, rand.New(rand.NewPCG(seed, 0)), int(behind%5))
	})
}

func TestHeldEventsInAnyPieces(t *testing.T) {
	for seed := range uint64(300) {
		checkHeldEvents(t, rand.New(rand.NewPCG(seed, 1)), int(seed%5))
	}
}

func checkHeldEvents(t *testing.T, rng *rand.Rand, behind int) {
	synctest.Test(t, func(t *testing.T) {
		l, far, c := wired(t)
		sent := script(rng)
		h := hold(t, l, EventRule{Path: "/held", Behind: behind})
		var stream []byte
		for _, s := range sent {
			stream = append(stream, frameOf(s)...)
		}
		go writePieces(far, stream, rand.New(rand.NewPCG(rng.Uint64(), 0)))
		want, rest := heldModel(sent, behind)
		if diff := cmp.Diff(want, readPieces(t, c, rng, len(want))); diff != "" {
			t.Fatalf("behind %d, sent %v: %s", behind, sent, diff)
		}
		h.Release()
		if diff := cmp.Diff(rest, readPieces(t, c, rng, len(rest))); diff != "" {
			t.Fatalf("behind %d, sent %v, after release: %s", behind, sent, diff)
		}
		mustBeClean(t, l)
	})
}

// script returns the frames that a server sends.
func script(rng *rand.Rand) (sent []string) {
	for i := range 5 + rng.IntN(30) {
		switch rng.IntN(3) {
		case 0:
			sent = append(sent, fmt.Sprintf("event /held/%d", i))
		case 1:
			sent = append(sent, fmt.Sprintf("event /other/%d", i))
		default:
			sent = append(sent, fmt.Sprintf("reply %d", i+1))
		}
	}
	return sent
}

// heldModel returns the frames that a client gets, before and after release.
func heldModel(sent []string, behind int) (before, after []string) {
	type waiting struct {
		event string
		left  int
	}
	var held []waiting
	for _, s := range sent {
		var path string
		if n, _ := fmt.Sscanf(s, "event /held/%s", &path); n == 1 {
			held = append(held, waiting{s, behind})
			continue
		}
		before = append(before, s)
		if s[0] != 'r' || behind == 0 {
			continue
		}
		for i := range held {
			held[i].left--
		}
		for len(held) > 0 && held[0].left == 0 {
			before, held = append(before, held[0].event), held[1:]
		}
	}
	for _, w := range held {
		after = append(after, w.event)
	}
	return before, after
}

func writePieces(c net.Conn, b []byte, rng *rand.Rand) {
	for len(b) > 0 {
		n := min(len(b), 1+rng.IntN(1+rng.IntN(200)))
		c.Write(b[:n])
		b = b[n:]
	}
}

// readPieces reads n frames in reads of any size.
func readPieces(t *testing.T, c net.Conn, rng *rand.Rand, n int) (got []string) {
	t.Helper()
	var body []byte
	split := wire.Splitter{}
	for len(got) < n {
		b := make([]byte, 1+rng.IntN(5000))
		k := must.Get(c.Read(b))(t)
		for b = b[:k]; len(b) > 0; {
			used, f, done, err := split.Next(b)
			if err != nil {
				t.Fatal(err)
			}
			if b = b[used:]; done {
				body = append(body[:0], f.Body...)
				got = append(got, inShort(body))
			}
		}
	}
	return got
}

func TestEventRules(t *testing.T) {
	l := New(Config{})
	for _, bad := range []EventRule{{Path: "/["}, {Behind: -1}} {
		if _, err := l.HoldEvents(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	for _, c := range []struct {
		rule EventRule
		want bool
	}{
		{EventRule{}, true},
		{EventRule{Type: wire.EventDeleted}, true},
		{EventRule{Type: wire.EventCreated}, false},
		{EventRule{Path: "/a"}, true},
		{EventRule{Path: "/a/*"}, true},
		{EventRule{Path: "/*"}, false},
		{EventRule{Type: wire.EventDeleted, Path: "/b"}, false},
	} {
		if got := c.rule.matches(wire.WatchEvent{Type: wire.EventDeleted, Path: "/a/b"}); got != c.want {
			t.Errorf("%+v: %v", c.rule, got)
		}
	}
}
