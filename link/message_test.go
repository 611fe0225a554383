package link

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// A message says the same as another if only its numbers differ, and changes something unless it is a
// read or a write that failed.
func TestMessagesSayWhatChanges(t *testing.T) {
	var all []Message
	cfg := Config{Client: 3, OnMessage: func(m Message) { all = append(all, m) }}
	bubbleWith(t, cfg, func(t *testing.T, s *scripted, l *Link, r *record) {
		c := dial(t, l)
		id := c.connect(0).Session
		l.Operation("acquire")
		c.do(wire.Exists, "/a")
		c.do(wire.Exists, "/a")
		c.do(wire.Exists, "/b")
		c.do(wire.Create, "/a")
		s.fire(id, wire.EventDeleted, "/a")
		c.list(1)
		s.tell(func() { s.codes[wire.Delete] = wire.NoNode })
		c.do(wire.Delete, "/a")
		c.do(wire.Multi, "")
		c.Close()
		again := dial(t, l)
		again.connect(id)
		mustBeClean(t, l)
	})
	type seen struct {
		Name    string
		Same    string // the first message with this content
		Changes bool
	}
	first := map[uint64]string{}
	var got []seen
	for _, m := range all {
		name := m.Point.String()[len("client3/acquire#1/"):]
		if first[m.Content] == "" {
			first[m.Content] = name
		}
		got = append(got, seen{name, first[m.Content], m.Changes})
	}
	want := []seen{
		{"exists#1", "exists#1", false},
		{"exists#1/reply", "exists#1/reply", false},
		{"exists#2", "exists#1", false},
		{"exists#2/reply", "exists#1/reply", false},
		{"exists#3", "exists#3", false},
		{"exists#3/reply", "exists#1/reply", false},
		{"create#1", "create#1", false},
		{"create#1/reply", "create#1/reply", true},
		{"event#1", "event#1", true},
		{"delete#1", "delete#1", false},
		{"delete#1/reply", "delete#1/reply", false},
		{"multi#1", "multi#1", true},
		{"multi#1/reply", "multi#1/reply", true},
		{"connect#1", "event#1", true},
		{"connect#1/reply", "event#1", true},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
