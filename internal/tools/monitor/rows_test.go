package monitor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// allRows returns the paths of all rows, found by walking the whole tree.
func (f *Follower) allRows(n *node, filter string) (list []string) {
	kids := make(map[string]*node)
	for _, g := range f.tree.deletedRows {
		if g.parent == n {
			kids[g.name] = g
		}
	}
	for name, kid := range n.kids {
		kids[name] = kid
	}
	if n.open && !n.gone {
		for _, kid := range kids {
			list = append(list, f.allRows(kid, filter)...)
		}
	}
	in := n.name
	if strings.Contains(filter, "/") {
		in = n.path()
	}
	if len(list) > 0 || n.parent == nil || strings.Contains(in, filter) {
		list = append(list, n.path())
	}
	slices.SortFunc(list, func(a, b string) int {
		return slices.Compare(strings.Split(strings.Trim(a, "/"), "/"), strings.Split(strings.Trim(b, "/"), "/"))
	})
	return list
}

// The rows that are kept up to date equal those of the whole tree, whatever is created, deleted,
// opened, closed and filtered, and so does each window of them.
func TestRowsAreKeptUp(t *testing.T) {
	virtually(t, func(l *lab) {
		f := l.follow(Config{})
		l.shown(f)
		r := rand.New(rand.NewPCG(1, 1))
		filter, most := "", 0
		for range 1500 {
			path := ""
			for range 1 + r.IntN(2) {
				path += fmt.Sprintf("/%02d", r.IntN(40))
			}
			switch r.IntN(12) {
			case 0, 1, 2:
				f.Open(path)
			case 3:
				f.Shut(path)
			case 4:
				f.Choose(path)
			case 5:
				filter = []string{"", "", "1", "3", "/2", "0/1", "nothing"}[r.IntN(7)]
			case 6, 7:
				removeAll(l.ctx, l.c, path)
			default:
				_, _ = l.c.Set(l.ctx, path, nil, -1)
				l.make(path)
			}
			time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
			synctest.Wait()
			all := f.View(Window{Filter: filter, N: 1 << 20})
			var rows []string
			for _, row := range all.Rows {
				rows = append(rows, row.Path)
			}
			f.mu.Lock()
			want := f.allRows(f.tree.root, filter)
			f.mu.Unlock()
			if d := cmp.Diff(want, rows); d != "" || all.Total != len(rows) {
				t.Fatalf("%q, %d rows: %s", filter, all.Total, d)
			}
			most = max(most, len(rows))
			at := r.IntN(len(rows))
			part := f.View(Window{Filter: filter, First: r.IntN(len(rows)), N: 1 + r.IntN(20), Keep: rows[at]})
			if part.Kept >= 0 && (part.Kept != at || part.Kept < part.First || part.Kept >= part.First+len(part.Rows)) {
				t.Fatalf("%s is row %d, not %d, of %d from %d", rows[at], at, part.Kept, len(part.Rows), part.First)
			}
			for i, row := range part.Rows {
				if row.Path != rows[part.First+i] {
					t.Fatalf("row %d is %s, not %s", part.First+i, row.Path, rows[part.First+i])
				}
			}
		}
		if most < 80 {
			t.Errorf("there were %d rows at most", most)
		}
	})
}

// make creates a znode and those above it.
func (l *lab) make(path string) {
	for at := 1; at > 0; {
		next := strings.IndexByte(path[at:], '/')
		if next < 0 {
			break
		}
		at += next
		_, _, _ = l.c.Create(l.ctx, path[:at], nil, nil, 0, 0)
		at++
	}
	_, _, _ = l.c.Create(l.ctx, path, nil, nil, 0, 0)
}

// An order of several blocks is one list, in which each znode has its position.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	o, want := order{made: true}, make(map[string]*node)
	for range 20_000 {
		n := &node{name: fmt.Sprint(r.IntN(3000)), rows: r.IntN(4)}
		if old := want[n.name]; old != nil && r.IntN(2) == 0 {
			o.remove(old)
			delete(want, n.name)
			continue
		}
		o.put(n)
		o.remove(&node{name: n.name}) // another node with the same name
		want[n.name] = n
	}
	at := 0
	var names []string
	for _, b := range o.blocks {
		for _, n := range b.nodes {
			if want[n.name] != n || o.before(n) != at {
				t.Fatalf("%s is at %d, not %d", n.name, o.before(n), at)
			}
			at += n.rows
			names = append(names, n.name)
		}
		if len(b.nodes) == 0 || len(b.nodes) > mostInBlock {
			t.Errorf("a block of %d", len(b.nodes))
		}
	}
	if o.rows != at || len(names) != len(want) || !slices.IsSorted(names) || len(o.blocks) < 3 {
		t.Errorf("%d rows, not %d; %d nodes, not %d; %d blocks", o.rows, at, len(names), len(want), len(o.blocks))
	}
}
