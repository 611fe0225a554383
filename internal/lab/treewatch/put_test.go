package treewatch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link"
)

// tree is a tree of znodes that changes, and keeps what happened.
type tree struct {
	zxid   int64
	stats  map[string]wire.Stat
	events []Event
	past   []map[string]wire.Stat // after each zxid
}

func newTree() *tree {
	t := &tree{stats: map[string]wire.Stat{"/r": {Czxid: 1, Mzxid: 1, Pzxid: 1}}}
	t.commit(Event{1, "create", "/r"})
	return t
}

// commit keeps the state after a transaction.
func (t *tree) commit(events ...Event) {
	t.zxid++
	t.events = append(t.events, events...)
	state := map[string]wire.Stat{}
	for path, s := range t.stats {
		state[path] = s
	}
	t.past = append(t.past, state)
}

// step makes a random change, or one outside of the tree.
func (t *tree) step(rng *rand.Rand) {
	z := t.zxid + 1
	var paths []string
	for path := range t.stats {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	path := paths[rng.IntN(len(paths))]
	s := t.stats[path]
	switch what := rng.IntN(4); {
	case what == 0:
		t.commit()
	case what == 1:
		s.Version, s.Mzxid = s.Version+1, z
		t.stats[path] = s
		t.commit(Event{z, "setData", path})
	case what == 2 && path != "/r" && s.NumChildren == 0:
		delete(t.stats, path)
		t.under(parentOf(path), z, -1)
		t.commit(Event{z, "delete", path})
	default:
		child := fmt.Sprint(path, "/", rng.IntN(3))
		if _, there := t.stats[child]; there || strings.Count(child, "/") > 3 {
			t.commit()
			return
		}
		t.stats[child] = wire.Stat{Czxid: z, Mzxid: z, Pzxid: z}
		t.under(path, z, 1)
		t.commit(Event{z, "create", child})
	}
}

func (t *tree) under(path string, z int64, children int32) {
	s := t.stats[path]
	s.Cversion, s.Pzxid, s.NumChildren = s.Cversion+1, z, s.NumChildren+children
	t.stats[path] = s
}

// sight returns what a connection sees that reads the tree at some zxids, in order.
func (t *tree) sight(server string, at ...int64) Sight {
	s := Sight{Server: server, From: at[0], To: at[len(at)-1]}
	for _, z := range at {
		r := Reading{First: len(s.Seen)}
		var paths []string
		for path := range t.past[z-1] {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		for _, path := range paths {
			s.Seen = append(s.Seen, Seen{Zxid: z, Path: path, Stat: t.past[z-1][path]})
		}
		r.Last = len(s.Seen)
		s.Readings = append(s.Readings, r)
	}
	for _, e := range t.events {
		if s.From < e.Zxid && e.Zxid <= s.To {
			s.Events = append(s.Events, e)
		}
	}
	return s
}

func grown(seed uint64, steps int) *tree {
	rng := rand.New(rand.NewPCG(seed, 1))
	t := newTree()
	for range steps {
		t.step(rng)
	}
	return t
}

// between returns the events of a tree in stretches.
func (t *tree) between(stretches ...Stretch) []Event {
	return within(stretches, slices.Clone(t.events))
}

// Sights of two servers that follow each other, or overlap, are put together without loss.
func TestPut(t *testing.T) {
	for seed := range uint64(300) {
		tree := grown(seed, 60)
		stretches, events, err := Put([]Sight{tree.sight("b", 25, 61), tree.sight("a", 5, 30)})
		want := []Stretch{{5, 61}}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := gocmp.Diff(want, stretches) + gocmp.Diff(tree.between(want...), events); diff != "" {
			t.Fatalf("seed %d (-want +got)\n%s", seed, diff)
		}
	}
}

// A create or a delete that no watch told is found: nothing is used. The znodes above it must be there at the end, else only the server's
// word tells that nothing is missing.
func TestMissingEventIsFound(t *testing.T) {
	found := 0
	for seed := range uint64(300) {
		tree := grown(seed, 60)
		s := tree.sight("a", 5, 61)
		for i, e := range s.Events {
			if parentOf(e.Path) != "/r" && e.Path != "/r" {
				continue
			}
			if _, last := tree.stats[e.Path]; e.Type == "setData" && !last {
				continue
			}
			if e.Type == "setData" && slices.ContainsFunc(s.Events[i:], func(x Event) bool { return x.Path == e.Path && x.Type == "create" }) {
				continue
			}
			less := s
			less.Events = slices.Delete(slices.Clone(s.Events), i, i+1)
			if _, _, err := Put([]Sight{less}); err == nil {
				t.Fatalf("seed %d: nobody misses %v", seed, e)
			}
			if _, _, err := Put([]Sight{less, s}); err == nil {
				t.Fatalf("seed %d: nobody sees that servers told different events: %v", seed, e)
			}
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d events were left out", found)
	}
}

// A gap in which nothing changed does not end a stretch; another one does.
func TestGaps(t *testing.T) {
	joined, apart := 0, 0
	for seed := range uint64(500) {
		tree := grown(seed, 60)
		stretches, events, err := Put([]Sight{tree.sight("a", 5, 30), tree.sight("a", 31, 61)})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want := []Stretch{{5, 30}, {31, 61}}
		changed := len(tree.between(Stretch{30, 31})) > 0
		if len(stretches) == 1 {
			want = []Stretch{{5, 61}}
			joined++
		} else {
			apart++
		}
		if changed && len(stretches) == 1 || !changed && len(stretches) == 2 {
			t.Errorf("seed %d: changed in the gap: %t; %v", seed, changed, stretches)
		}
		if diff := gocmp.Diff(want, stretches) + gocmp.Diff(tree.between(want...), events); diff != "" {
			t.Fatalf("seed %d (-want +got)\n%s", seed, diff)
		}
	}
	if joined == 0 || apart == 0 {
		t.Errorf("%d joined, %d apart", joined, apart)
	}
}

// A znode that is deleted before it is read again hides what happened to it in a gap.
func TestGapBeforeDelete(t *testing.T) {
	tree := newTree()
	tree.stats["/r/x"] = wire.Stat{Czxid: 2, Mzxid: 2, Pzxid: 2}
	tree.under("/r", 2, 1)
	tree.commit(Event{2, "create", "/r/x"})
	tree.commit() // 3: the gap
	delete(tree.stats, "/r/x")
	tree.under("/r", 4, -1)
	tree.commit(Event{4, "delete", "/r/x"})
	late := tree.sight("a", 4)
	late.From, late.Events = 3, tree.events[2:]
	stretches, _, err := Put([]Sight{tree.sight("a", 1, 2), late})
	if diff := gocmp.Diff([]Stretch{{1, 2}, {3, 4}}, stretches); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// What no reading proves is not used: the end of a sight, and sights without a whole reading.
func TestUnproved(t *testing.T) {
	tree := grown(1, 60)
	s := tree.sight("a", 5, 20)
	s.To = 40
	for _, e := range tree.events {
		if 20 < e.Zxid && e.Zxid <= 40 {
			s.Events = append(s.Events, e)
		}
	}
	stretches, events, err := Put([]Sight{s})
	if diff := gocmp.Diff([]Stretch{{5, 20}}, stretches) + gocmp.Diff(tree.between(Stretch{5, 20}), events); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	s.Readings = []Reading{{First: 0}}
	if told := Told([]Sight{s}, &Authors{}); told.Why == "" || len(told.Stretches) > 0 {
		t.Errorf("without a whole reading: %+v", told)
	}
}

// Nothing is told where an ACL may have closed a znode to the watch.
func TestClosed(t *testing.T) {
	tree := grown(1, 60)
	restricted := &Authors{}
	restricted.Restricted()
	changed := tree.sight("a", 5, 61)
	changed.Seen[0].Stat.Aversion = 1
	for name, told := range map[string]history.TreeWatch{
		"a client's": Told([]Sight{tree.sight("a", 5, 61)}, restricted), "seen": Told([]Sight{changed}, &Authors{}),
	} {
		if told.Why == "" || len(told.Stretches)+len(told.Changes) > 0 {
			t.Errorf("%s: %+v", name, told)
		}
	}
	if told := Told([]Sight{tree.sight("a", 5, 61)}, &Authors{}); told.Why != "" || len(told.Changes) == 0 {
		t.Errorf("none: %+v", told)
	}
}

// A change has an author only if one acknowledged write alone has its zxid and asked for it.
func TestAuthors(t *testing.T) {
	a := &Authors{}
	a.Acknowledged(link.Acknowledged{Session: 7, Xid: 3, Zxid: 2, Changes: []link.Acked{
		{Op: wire.Create, Path: "/r/a0000000001", Ephemeral: true, Sequential: true},
		{Op: wire.Delete, Path: "/r/b"},
	}})
	a.Acknowledged(link.Acknowledged{Session: 7, Xid: 4, Zxid: 3, Changes: []link.Acked{{Op: wire.Delete, Path: "/r/c"}}})
	for session := range history.ID(2) { // one of them is wrong
		a.Acknowledged(link.Acknowledged{Session: session + 8, Xid: 5, Zxid: 4, Changes: []link.Acked{{Op: wire.Delete, Path: "/r/d"}}})
	}
	got := a.name([]Event{{2, "create", "/r/a0000000001"}, {2, "delete", "/r/b"}, {3, "delete", "/r/other"}, {4, "delete", "/r/d"}, {5, "create", "/r/e"}}, map[Born]int64{{"/r/e", 5}: 9})
	want := []history.TreeChange{
		{Zxid: 2, Type: "create", Path: "/r/a0000000001", Session: 7, Cxid: 3, Owner: 7, Sequential: true},
		{Zxid: 2, Type: "delete", Path: "/r/b", Session: 7, Cxid: 3},
		{Zxid: 3, Type: "delete", Path: "/r/other"},
		{Zxid: 4, Type: "delete", Path: "/r/d"},
		{Zxid: 5, Type: "create", Path: "/r/e", Owner: 9},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A sight keeps its first reading and its last one.
func TestThin(t *testing.T) {
	tree := grown(3, 60)
	got := tree.sight("a", 5, 20)
	dropped := 0
	for _, z := range []int64{33, 47, 61} {
		next := tree.sight("a", 5, z)
		r := next.Readings[1]
		first := len(got.Seen)
		got.Seen = append(got.Seen, next.Seen[r.First:r.Last]...)
		got.Readings = append(got.Readings, Reading{first, len(got.Seen)})
		dropped += got.thin()
		if diff := gocmp.Diff(next.Seen, got.Seen) + gocmp.Diff(next.Readings, got.Readings); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if dropped == 0 {
		t.Error("nothing was dropped")
	}
}
