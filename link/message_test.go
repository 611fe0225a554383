package link

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// A message has the same content as another if only its numbers differ. It changes something unless it is a
// read or a failed write; a multi that only checks is a read.
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
		for _, ops := range [][]wire.MultiOp{
			{{Op: wire.Check, Request: &wire.VersionRequest{Path: "/a", Version: -1}}},
			{{Op: wire.Check, Request: &wire.VersionRequest{Path: "/a", Version: -1}}, {Op: wire.Delete, Request: &wire.VersionRequest{Path: "/a"}}},
		} {
			c.xid++
			c.Write(wire.AppendFrame(nil, wire.AppendMultiRequest(wire.RequestHeader{Xid: c.xid, Op: wire.Multi}.Append(nil), ops)))
			c.reply()
		}
		c.Close()
		again := dial(t, l)
		again.connect(id)
		mustBeClean(t, l)
	})
	type seen struct {
		Name           string
		Same           string // the first message with this content
		Reads, Changes bool
	}
	first := map[uint64]string{}
	var got []seen
	on := map[string]bool{}
	for _, m := range all {
		name := m.Point.String()[len("client3/acquire#1/"):]
		if m.Point.After {
			on[strings.TrimSuffix(name, "/after")] = true
			continue
		}
		if first[m.Content] == "" {
			first[m.Content] = name
		}
		got = append(got, seen{name, first[m.Content], m.Reads, m.Changes})
	}
	want := []seen{
		{"exists#1", "exists#1", true, false},
		{"exists#1/reply", "exists#1/reply", true, false},
		{"exists#2", "exists#1", true, false},
		{"exists#2/reply", "exists#1/reply", true, false},
		{"exists#3", "exists#3", true, false},
		{"exists#3/reply", "exists#1/reply", true, false},
		{"create#1", "create#1", false, false},
		{"create#1/reply", "create#1/reply", false, true},
		{"event#1", "event#1", false, true},
		{"delete#1", "delete#1", false, false},
		{"delete#1/reply", "delete#1/reply", false, false},
		{"multi#1", "multi#1", false, true},
		{"multi#1/reply", "multi#1/reply", false, true},
		{"multi#2", "multi#2", true, false},
		{"multi#2/reply", "multi#1/reply", true, false},
		{"multi#3", "multi#3", false, true},
		{"multi#3/reply", "multi#1/reply", false, true},
		{"connect#1", "event#1", false, true},
		{"connect#1/reply", "event#1", false, true},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Nobody read on after the last reply, so it does not count as passed on.
	for _, m := range got[:len(got)-1] {
		if last := m.Name == "multi#3/reply"; on[m.Name] == last {
			t.Errorf("%s has gone on: %v", m.Name, on[m.Name])
		}
	}
}

// Values that differ between two equal runs are not part of a reply's content.
func TestContentOfStats(t *testing.T) {
	reply := func(op wire.Op, s wire.Stat) uint64 {
		return content.Hash(content.WithoutStat(s.Append([]byte("data")), op, wire.OK))
	}
	s := wire.Stat{Czxid: 1, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7, EphemeralOwner: 8, DataLength: 9, NumChildren: 10, Pzxid: 11}
	other := s
	other.Czxid, other.Mzxid, other.Pzxid, other.Ctime, other.Mtime, other.EphemeralOwner = 21, 22, 23, 24, 25, 26
	if reply(wire.GetData, s) != reply(wire.GetData, other) {
		t.Error("numbers of a run count")
	}
	for _, changed := range []func(*wire.Stat){
		func(s *wire.Stat) { s.Version++ }, func(s *wire.Stat) { s.Cversion++ }, func(s *wire.Stat) { s.Aversion++ },
		func(s *wire.Stat) { s.EphemeralOwner = 0 }, func(s *wire.Stat) { s.DataLength++ }, func(s *wire.Stat) { s.NumChildren++ },
	} {
		other := s
		if changed(&other); reply(wire.GetData, s) == reply(wire.GetData, other) {
			t.Errorf("%+v counts as %+v", other, s)
		}
	}
	if reply(wire.Delete, s) == reply(wire.Delete, other) {
		t.Error("what is no stat was changed")
	}
}
