package link

import (
	"cmp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// A written point is read back unchanged; every variant of a request is the same message.
func TestPointIsReadAsWritten(t *testing.T) {
	for text, want := range map[string]Point{
		"client1/acquire#2/getChildren#1":      {Client: 1, Operation: "acquire", Nth: 2, Message: "getChildren", Which: 1},
		"client0/a-b.c#10/create#3/reply":      {Operation: "a-b.c", Nth: 10, Message: "create", Which: 3, Reply: true},
		"client12/add#1/event#2":               {Client: 12, Operation: "add", Nth: 1, Message: Event, Which: 2},
		"client1/add#1/connect#2/reply/after":  {Client: 1, Operation: "add", Nth: 1, Message: Connect, Which: 2, Reply: true, After: true},
		"client1/add#1/setWatches#1/after":     {Client: 1, Operation: "add", Nth: 1, Message: "setWatches", Which: 1, After: true},
		"client1/acquire#2/getChildren2#1":     {Client: 1, Operation: "acquire", Nth: 2, Message: "getChildren", Which: 1},
		"client1/acquire#2/create2#1/after":    {Client: 1, Operation: "acquire", Nth: 2, Message: "create", Which: 1, After: true},
		"client1/some operation#2/multi#1":     {Client: 1, Operation: "some operation", Nth: 2, Message: "multi", Which: 1},
		"client1/acquire#2/event#1/after":      {Client: 1, Operation: "acquire", Nth: 2, Message: Event, Which: 1, After: true},
		"client1/acquire#2/closeSession#1":     {Client: 1, Operation: "acquire", Nth: 2, Message: "closeSession", Which: 1},
		"client1/acquire#2/sync#1/reply/after": {Client: 1, Operation: "acquire", Nth: 2, Message: "sync", Which: 1, Reply: true, After: true},
	} {
		got, err := ParsePoint(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := ParsePoint(got.String()); err != nil || again != got {
			t.Errorf("%q is written as %q and read as %+v (%v)", text, got, again, err)
		}
	}
}

// An error about a point is one line that also tells what would be right.
func TestPointErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     `"" is not a point: write client, operation and message, as in client1/acquire#2/create#1`,
		"client1/acquire#2":                    "is not a point: write client, operation and message",
		"1/acquire#2/create#1":                 `"1" names no client: write client0 or client1`,
		"client01/acquire#2/create#1":          `"client01" names no client`,
		"client-1/acquire#2/create#1":          `"client-1" names no client`,
		"client1/acquire/create#1":             `"acquire" does not say which: write acquire#1`,
		"client1/acquire#0/create#1":           `"0" is not a number from 1: write acquire#1`,
		"client1/#2/create#1":                  `"#2" has no name`,
		"client1/acquire#2/craete#1":           `"craete" is not a message; did you mean "create"?`,
		"client1/acquire#2/ping#1":             "a ping depends on time and has no point",
		"client1/acquire#2/create#x":           `"x" is not a number from 1: write create#1`,
		"client1/acquire#2/create#1/answer":    `"answer" is not allowed there`,
		"client1/acquire#2/event#1/reply":      `"reply" is not allowed there`,
		"client1/acquire#2/create#1/after/30s": `"30s" is not allowed there`,
		"client1/acquire#2/create#1/after/reply": `"reply" is not allowed there: ` +
			"a request may be followed by /reply, and the end is /after",
	} {
		_, err := ParsePoint(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// Messages are named by the operation that began last, their kind, and their number; a reply by its
// request, whenever it comes. Messages before all operations have no name.
func TestMessagesAreNamed(t *testing.T) {
	var names []string
	cfg := Config{Client: 3, OnPoint: func(p Point) { names = append(names, p.String()) }}
	bubbleWith(t, cfg, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		c.do(wire.Create, "/before")
		l.Operation("acquire")
		c.do(wire.Create, "/a")
		c.do(wire.GetChildren2, "/a")
		c.do(wire.Create2, "/b")
		c.do(wire.Ping, "")
		s.fire(id, wire.EventDeleted, "/a")
		c.list(1)
		c.Write(c.frame(wire.Exists, "/a"))
		l.Operation("release")
		c.reply()
		l.Operation("acquire")
		c.do(wire.Exists, "/a")
		c.Close()
		again := dial(t, l)
		again.connect(id)
		want := []string{
			"acquire#1/create#1", "acquire#1/create#1/reply", "acquire#1/getChildren#1", "acquire#1/getChildren#1/reply",
			"acquire#1/create#2", "acquire#1/create#2/reply", "acquire#1/event#1", "acquire#1/exists#1", "acquire#1/exists#1/reply",
			"acquire#2/exists#1", "acquire#2/exists#1/reply", "acquire#2/connect#1", "acquire#2/connect#1/reply",
		}
		for i := range want {
			want[i] = "client3/" + want[i]
		}
		if diff := gocmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
		wantFacts(t, r, "connected 0x1a1", "disconnected 0x1a1", "connected 0x1a1")
	})
}

func TestKindsOfMessages(t *testing.T) {
	for text, want := range map[string]Messages{
		"client1/a#1/create#1": Requests, "client1/a#1/create#1/reply": Replies, "client1/a#1/event#1": Events,
		"client1/a#1/connect#1": Connects, "client1/a#1/connect#1/reply": Connects,
	} {
		if p, err := ParsePoint(text); err != nil || p.Kind() != want || !AnyMessage.Has(want) {
			t.Errorf("%s: %s, %v", text, p.Kind(), err)
		}
	}
	if got := (Requests | Events).String(); got != "requests, events" || AnyMessage.String() != "any message" || (Requests | Events).Has(Replies|Events) {
		t.Error(got)
	}
}

// Points of one message are in the order of their names.
func TestComparePoints(t *testing.T) {
	all := []Point{
		{Operation: "put", Message: "create"},
		{Operation: "put", Message: "create", After: true},
		{Operation: "put", Message: "create", Reply: true},
		{Operation: "put", Message: "create", Reply: true, After: true},
	}
	for i, p := range all {
		for j, q := range all {
			if got, want := p.Compare(q), cmp.Compare(i, j); got != want || got != strings.Compare(p.String(), q.String()) {
				t.Errorf("%v and %v: %d, want %d", p, q, got, want)
			}
		}
	}
}
