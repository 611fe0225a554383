package link

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

func TestClean(t *testing.T) {
	for want, do := range map[string]func(*Link) (undo func()){
		"1 hold":          (*Link).Hold,
		"1 refusal":       (*Link).Refuse,
		"stall both":      func(l *Link) func() { return l.Stall(Both) },
		"stall to-client": func(l *Link) func() { return l.Stall(ToClient) },
		"slow to-server by 1s to 3s": func(l *Link) func() {
			return l.Slow(Shape{Direction: ToServer, Delay: time.Second, Jitter: 2 * time.Second})
		},
		"slow both at 10 bytes a second":   func(l *Link) func() { return l.Slow(Shape{BytesPerSecond: 10}) },
		"barred from a:2181":               func(l *Link) func() { return l.Bar("a:2181") },
		"routed to b:2181":                 func(l *Link) func() { return l.Route("b:2181") },
		"loss of reply to any /a":          loses(Rule{What: Reply, Path: "/a"}),
		"loss of request of create":        loses(Rule{What: Request, Op: wire.Create}),
		"holding back nodeDeleted of /a/b": holds(EventRule{Type: wire.EventDeleted, Path: "/a/b"}),
		"holding back any event":           holds(EventRule{}),
		"breakpoint at client3/a#1/create#1": func(l *Link) func() {
			return l.Break(Point{Client: 3, Operation: "a", Nth: 1, Message: "create", Which: 1}).Clear
		},
	} {
		l := New(Config{Client: 3})
		mustBeClean(t, l)
		undo := do(l)
		if err := l.Clean(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is missing in: %v", want, err)
		}
		undo()
		undo()
		mustBeClean(t, l)
	}
}

func TestCleanNamesAll(t *testing.T) {
	l := New(Config{})
	l.Hold()
	l.Hold()
	l.Bar("a:2181")
	l.Stall(ToServer)
	want := "still in force on the link: 2 holds, stall to-server, barred from a:2181"
	if err := l.Clean(); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func loses(r Rule) func(*Link) func() {
	return func(l *Link) func() {
		x, _ := l.Lose(r)
		return x.Cancel
	}
}

func holds(r EventRule) func(*Link) func() {
	return func(l *Link) func() {
		h, _ := l.HoldEvents(r)
		return h.Release
	}
}
