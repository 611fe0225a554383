package watch

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/zk/wire"
)

// model is a watch table in the form of two plain lists of the watches that were set, one for each of
// ZooKeeper's watch managers, without any index.
type model struct {
	data, child []set
	listed      map[int]bool
}

type set struct {
	path string
	w    int
	mode string
}

const standard, stays, below = "standard", "persistent", "recursive"

func (m *model) add(in *[]set, s set) {
	if !slices.Contains(*in, s) {
		*in = append(*in, s)
	}
	if in == &m.data {
		m.listed[s.w] = true
	}
}

// trigger returns the watchers that are notified, in no order.
func (m *model) trigger(typ wire.EventType, path string) map[int]bool {
	to := map[int]bool{}
	if typ != wire.EventChildrenChanged {
		fire(&m.data, path, to)
	}
	if typ == wire.EventDeleted || typ == wire.EventChildrenChanged {
		fire(&m.child, path, to)
	}
	return to
}

func fire(in *[]set, path string, to map[int]bool) {
	for _, s := range *in {
		above := s.path == "/" || strings.HasPrefix(path, s.path+"/")
		if s.path == path || s.mode == below && above {
			to[s.w] = true
		}
	}
	*in = slices.DeleteFunc(*in, func(s set) bool { return s.path == path && s.mode == standard })
}

func (m *model) has(path string, typ wire.WatcherType, w int) bool {
	data := slices.ContainsFunc(m.data, matches(path, typ, w, wire.WatcherData))
	return data || slices.ContainsFunc(m.child, matches(path, typ, w, wire.WatcherChildren))
}

func (m *model) remove(path string, typ wire.WatcherType, w int) {
	before := len(m.data)
	m.data = slices.DeleteFunc(m.data, matches(path, typ, w, wire.WatcherData))
	m.child = slices.DeleteFunc(m.child, matches(path, typ, w, wire.WatcherChildren))
	still := func(s set) bool { return s.w == w }
	if len(m.data) < before && !slices.ContainsFunc(m.data, still) {
		delete(m.listed, w)
	}
}

// matches returns a function that reports whether a removal concerns a registration in the list of the
// one-time type own.
func matches(path string, typ wire.WatcherType, w int, own wire.WatcherType) func(set) bool {
	return func(s set) bool {
		if s.path != path || s.w != w {
			return false
		}
		switch typ {
		case wire.WatcherAny:
			return true
		case wire.WatcherPersistent:
			return s.mode == stays
		case wire.WatcherPersistentRecursive:
			return s.mode == below
		}
		return typ == own && s.mode == standard
	}
}

func (m *model) removeAll(w int) {
	own := func(s set) bool { return s.w == w }
	m.data = slices.DeleteFunc(m.data, own)
	m.child = slices.DeleteFunc(m.child, own)
	delete(m.listed, w)
}

func (m *model) byWatcher() map[int][]string {
	all := map[int][]string{}
	for w := range m.listed {
		all[w] = []string{}
	}
	for _, s := range m.data {
		if !slices.Contains(all[s.w], s.path) {
			all[s.w] = append(all[s.w], s.path)
		}
	}
	for _, paths := range all {
		slices.Sort(paths)
	}
	return all
}

func (m *model) byPath() map[string][]int {
	all := map[string][]int{}
	for _, s := range m.data {
		if !slices.Contains(all[s.path], s.w) {
			all[s.path] = append(all[s.path], s.w)
		}
	}
	for _, watchers := range all {
		slices.Sort(watchers)
	}
	return all
}

func pairs(sets []set) int {
	distinct := map[set]bool{}
	for _, s := range sets {
		distinct[set{s.path, s.w, ""}] = true
	}
	return len(distinct)
}

// TestAgainstModel runs the same calls on a table and on the lists.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, m := New[int](), &model{listed: map[int]bool{}}
		path := rapid.SampledFrom([]string{"/", "/a", "/a/b", "/ab"})
		w := rapid.IntRange(1, 3)
		one := func(name string, do func(*rapid.T, string, int)) func(*rapid.T) {
			return func(t *rapid.T) { do(t, path.Draw(t, name), w.Draw(t, "watcher")) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"getData": one("data", func(_ *rapid.T, p string, w int) {
				table.AddData(p, w)
				m.add(&m.data, set{p, w, standard})
			}),
			"getChildren": one("child", func(_ *rapid.T, p string, w int) {
				table.AddChild(p, w)
				m.add(&m.child, set{p, w, standard})
			}),
			"persistent": one("persistent", func(_ *rapid.T, p string, w int) {
				table.Add(p, wire.AddPersistent, w)
				m.add(&m.data, set{p, w, stays})
				m.add(&m.child, set{p, w, stays})
			}),
			"recursive": one("recursive", func(_ *rapid.T, p string, w int) {
				table.Add(p, wire.AddPersistentRecursive, w)
				m.add(&m.data, set{p, w, below})
			}),
			"remove": one("remove", func(t *rapid.T, p string, w int) {
				typ := wire.WatcherType(rapid.IntRange(1, 5).Draw(t, "type"))
				had := m.has(p, typ, w)
				if got := table.Has(p, typ, w); got != had {
					t.Fatalf("has %v, the model %v", got, had)
				}
				m.remove(p, typ, w)
				if got := table.Remove(p, typ, w); got != had {
					t.Fatalf("removed %v, the model %v", got, had)
				}
			}),
			"closed": func(t *rapid.T) {
				w := w.Draw(t, "watcher")
				table.RemoveAll(w)
				m.removeAll(w)
			},
			"trigger": func(t *rapid.T) {
				typ := rapid.SampledFrom(everyEvent).Draw(t, "event")
				p := path.Draw(t, "path")
				got := map[int]bool{}
				for _, e := range trigger(table, typ, p) {
					if got[e.W] {
						t.Fatalf("watcher %d was told twice", e.W)
					}
					got[e.W] = true
				}
				if diff := cmp.Diff(m.trigger(typ, p), got); diff != "" {
					t.Fatal(diff)
				}
			},
			"": func(t *rapid.T) { compare(t, table, m) },
		})
	})
}

func compare(t *rapid.T, table *Table[int], m *model) {
	byWatcher, byPath := table.ByWatcher(), table.ByPath()
	for _, paths := range byWatcher {
		slices.Sort(paths)
	}
	for _, watchers := range byPath {
		slices.Sort(watchers)
	}
	if diff := cmp.Diff(m.byWatcher(), byWatcher); diff != "" {
		t.Fatalf("by watcher: %s", diff)
	}
	if diff := cmp.Diff(m.byPath(), byPath); diff != "" {
		t.Fatalf("by path: %s", diff)
	}
	want := Summary{Watchers: len(m.listed), Paths: len(m.byPath()), Watches: pairs(m.data)}
	if got := table.Summary(); got != want {
		t.Fatalf("summary %+v, want %+v", got, want)
	}
	if got, want := table.Len(), pairs(m.data)+pairs(m.child); got != want {
		t.Fatalf("%d watches, want %d", got, want)
	}
	paths := map[string]bool{}
	for _, s := range slices.Concat(m.data, m.child) {
		paths[s.path] = true
	}
	if len(table.paths) != len(paths) {
		t.Fatalf("%d paths are kept, %d are watched", len(table.paths), len(paths))
	}
}
