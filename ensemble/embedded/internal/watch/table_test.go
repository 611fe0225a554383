package watch

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

// told records one call of fire.
type told struct {
	W    int
	Type wire.EventType
	Path string
}

func trigger(t *Table[int], typ wire.EventType, path string) []told {
	var all []told
	t.Trigger(typ, path, func(w int, typ wire.EventType, path string) {
		all = append(all, told{w, typ, path})
	})
	return all
}

var everyEvent = []wire.EventType{
	wire.EventCreated, wire.EventDeleted, wire.EventDataChanged, wire.EventChildrenChanged,
}

// TestWhichEvents sets one watch on /a/b and checks which events, of which znode,
// reach it, and which leave it set.
func TestWhichEvents(t *testing.T) {
	data := func(t *Table[int]) { t.AddData("/a/b", 1) }
	child := func(t *Table[int]) { t.AddChild("/a/b", 1) }
	stays := func(t *Table[int]) { t.Add("/a/b", wire.AddPersistent, 1) }
	below := func(t *Table[int]) { t.Add("/a/b", wire.AddPersistentRecursive, 1) }
	paths := []string{"/", "/a", "/a/b", "/a/b/c", "/a/b/c/d", "/a/bc", "/a/bc/d"}
	here := func(types ...wire.EventType) map[string][]wire.EventType {
		return map[string][]wire.EventType{"/a/b": types}
	}
	notChildren := []wire.EventType{wire.EventCreated, wire.EventDeleted, wire.EventDataChanged}
	for name, c := range map[string]struct {
		set   func(*Table[int])
		want  map[string][]wire.EventType
		stays bool
	}{
		"data":       {set: data, want: here(wire.EventCreated, wire.EventDeleted, wire.EventDataChanged)},
		"child":      {set: child, want: here(wire.EventDeleted, wire.EventChildrenChanged)},
		"persistent": {set: stays, want: here(everyEvent...), stays: true},
		"recursive": {set: below, stays: true, want: map[string][]wire.EventType{
			"/a/b": notChildren, "/a/b/c": notChildren, "/a/b/c/d": notChildren,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string][]wire.EventType{}
			for _, path := range paths {
				for _, typ := range everyEvent {
					table := New[int]()
					c.set(table)
					fired := trigger(table, typ, path)
					if len(fired) == 0 {
						continue
					}
					got[path] = append(got[path], typ)
					if diff := cmp.Diff([]told{{1, typ, path}}, fired); diff != "" {
						t.Error(diff)
					}
					if again := trigger(table, typ, path); (len(again) == 1) != c.stays {
						t.Errorf("%v of %s a second time: %v", typ, path, again)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRootIsWatchedRecursively(t *testing.T) {
	table := New[int]()
	table.Add("/", wire.AddPersistentRecursive, 1)
	for _, path := range []string{"/", "/a", "/a/b"} {
		if got := trigger(table, wire.EventDataChanged, path); len(got) != 1 {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestOneEventEach: a delete reaches a watcher once, whatever it has on the
// path and above, and uses up both one-time watches.
func TestOneEventEach(t *testing.T) {
	table := New[int]()
	table.AddChild("/a/b", 2)
	table.AddData("/a/b", 1)
	table.AddChild("/a/b", 1)
	table.Add("/a/b", wire.AddPersistent, 1)
	table.Add("/a/b", wire.AddPersistentRecursive, 1)
	table.Add("/a", wire.AddPersistentRecursive, 1)
	table.Add("/", wire.AddPersistentRecursive, 3)
	table.Add("/a", wire.AddPersistentRecursive, 4)
	want := []told{
		{1, wire.EventDeleted, "/a/b"},
		{2, wire.EventDeleted, "/a/b"},
		{4, wire.EventDeleted, "/a/b"},
		{3, wire.EventDeleted, "/a/b"},
	}
	if diff := cmp.Diff(want, trigger(table, wire.EventDeleted, "/a/b")); diff != "" {
		t.Error(diff)
	}
	for typ, want := range map[wire.WatcherType]bool{
		wire.WatcherData: false, wire.WatcherChildren: false,
		wire.WatcherPersistent: true, wire.WatcherPersistentRecursive: true,
	} {
		if got := table.Has("/a/b", typ, 1); got != want {
			t.Errorf("has type %d after the delete: %v", typ, got)
		}
	}
	if table.Has("/a/b", wire.WatcherAny, 2) {
		t.Error("the one-time child watch was not used up")
	}
}

func TestInOrderOfRegistration(t *testing.T) {
	table := New[int]()
	want := []told{}
	for i := range 50 {
		w := i * 37 % 50
		table.AddData("/a", w)
		if i%7 != 3 {
			want = append(want, told{w, wire.EventDataChanged, "/a"})
		}
	}
	for i := 3; i < 50; i += 7 {
		table.RemoveAll(i * 37 % 50)
	}
	if diff := cmp.Diff(want, trigger(table, wire.EventDataChanged, "/a")); diff != "" {
		t.Error(diff)
	}
}

// TestRegisterAgain: a watch that was removed and set again is last, even if another watch of the same
// watcher stayed.
func TestRegisterAgain(t *testing.T) {
	table := New[int]()
	for w := range 4 {
		table.AddChild("/a", w)
		table.AddData("/a", w)
	}
	for _, w := range []int{1, 0} {
		table.Remove("/a", wire.WatcherData, w)
		table.AddData("/a", w)
	}
	want := []told{}
	for _, w := range []int{2, 3, 1, 0} {
		want = append(want, told{w, wire.EventCreated, "/a"})
	}
	if diff := cmp.Diff(want, trigger(table, wire.EventCreated, "/a")); diff != "" {
		t.Error(diff)
	}
}

// TestRemove: which type of removal matches which watch.
func TestRemove(t *testing.T) {
	types := []wire.WatcherType{
		wire.WatcherChildren, wire.WatcherData, wire.WatcherAny,
		wire.WatcherPersistent, wire.WatcherPersistentRecursive, 0, 6,
	}
	for name, c := range map[string]struct {
		set  func(*Table[int])
		want []wire.WatcherType
	}{
		"data":       {func(t *Table[int]) { t.AddData("/a", 1) }, []wire.WatcherType{wire.WatcherData, wire.WatcherAny}},
		"child":      {func(t *Table[int]) { t.AddChild("/a", 1) }, []wire.WatcherType{wire.WatcherChildren, wire.WatcherAny}},
		"persistent": {func(t *Table[int]) { t.Add("/a", wire.AddPersistent, 1) }, []wire.WatcherType{wire.WatcherAny, wire.WatcherPersistent}},
		"recursive":  {func(t *Table[int]) { t.Add("/a", wire.AddPersistentRecursive, 1) }, []wire.WatcherType{wire.WatcherAny, wire.WatcherPersistentRecursive}},
		"another's":  {func(t *Table[int]) { t.AddData("/a", 2); t.AddData("/a/b", 1) }, nil},
	} {
		var removed []wire.WatcherType
		for _, typ := range types {
			table := New[int]()
			c.set(table)
			had := table.Has("/a", typ, 1)
			if got := table.Remove("/a", typ, 1); got != had {
				t.Errorf("%s: has type %d: %v, removed: %v", name, typ, had, got)
			}
			if table.Remove("/a", typ, 1) {
				t.Errorf("%s: type %d removed twice", name, typ)
			}
			if !had {
				continue
			}
			removed = append(removed, typ)
			if got := trigger(table, wire.EventDeleted, "/a"); got != nil {
				t.Errorf("%s: fired after the removal: %v", name, got)
			}
		}
		if diff := cmp.Diff(c.want, removed); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNoSuchMode(t *testing.T) {
	table := New[int]()
	for _, mode := range []wire.AddWatchMode{-1, 2} {
		if table.Add("/a", mode, 1) {
			t.Errorf("mode %d was taken", mode)
		}
	}
	if table.Len() != 0 {
		t.Error("something was added")
	}
}

// TestFireMayChangeTheTable: changes that fire makes to the table, like a server that closes a
// connection to which it cannot send, take effect with the next event.
func TestFireMayChangeTheTable(t *testing.T) {
	table := New[int]()
	for w := range 3 {
		table.AddData("/a", w)
	}
	trigger(table, wire.EventCreated, "/a")
	for w := range 3 {
		table.AddData("/a", w)
	}
	var got []told
	table.Trigger(wire.EventDataChanged, "/a", func(w int, typ wire.EventType, path string) {
		got = append(got, told{w, typ, path})
		table.RemoveAll(w)
		table.RemoveAll((w + 1) % 3)
		for also := range 3 {
			table.AddData("/b", 3*w+also)
		}
		got = append(got, trigger(table, wire.EventCreated, "/b")...)
		table.AddData("/a", w+10)
	})
	want := []told{}
	for w := range 3 {
		want = append(want, told{w, wire.EventDataChanged, "/a"})
		for also := range 3 {
			want = append(want, told{3*w + also, wire.EventCreated, "/b"})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(trigger(table, wire.EventDeleted, "/a")); n != 3 {
		t.Errorf("%d watchers for the next event", n)
	}
}

// TestUnusualPaths: a client may ask for a watch on any string, and addWatch
// does not look at it.
func TestUnusualPaths(t *testing.T) {
	for _, path := range []string{"", "a", "/", "//", "/a//b", "/a/", "a/b", "\x00"} {
		table := New[int]()
		table.Add(path, wire.AddPersistentRecursive, 1)
		if got := trigger(table, wire.EventDeleted, path); len(got) != 1 {
			t.Errorf("%q: %v", path, got)
		}
	}
}

// TestEmptyAgain: a table that was large frees its memory.
func TestEmptyAgain(t *testing.T) {
	table := New[int]()
	for w := range 2 * large {
		table.AddData("/a", w)
		table.AddChild("/b", w)
	}
	entries := table.entries
	trigger(table, wire.EventDeleted, "/a")
	trigger(table, wire.EventDeleted, "/b")
	if table.Len() != 0 || len(table.entries) != 0 || len(table.paths) != 0 || table.firing != nil {
		t.Errorf("left: %d watches, %d entries, %d paths, room for %d events",
			table.Len(), len(table.entries), len(table.paths), cap(table.firing))
	}
	table.AddData("/a", 1)
	if len(entries) != 0 {
		t.Error("the large map is still in use")
	}
	for w := range 2 * large {
		table.RemoveAll(w)
	}
	if len(table.watchers) != 0 || table.Summary() != (Summary{}) {
		t.Errorf("left: %d watchers, %+v", len(table.watchers), table.Summary())
	}
}
