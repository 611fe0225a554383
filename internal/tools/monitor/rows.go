package monitor

import (
	"cmp"
	"strings"
)

// This file counts the rows of each znode: its own and those that are open below it, as far as they
// pass the filter. Therefore, the cost of a drawing depends only on the rows that it shows.

// place is the znode of a row, and its depth.
type place struct {
	*node
	depth int
}

// rowsOf returns the number of rows of a znode. A folder that does not pass the filter has a row if
// one of its kids passes.
func (t *tree) rowsOf(n *node) int {
	if n.order.rows > 0 || n.parent == nil || t.passes(n) {
		return n.order.rows + 1
	}
	return 0
}

// passes reports whether the name of a znode contains the filter, or its path if the filter has a
// slash.
func (t *tree) passes(n *node) bool {
	switch {
	case t.filter == "":
		return true
	case strings.Contains(t.filter, "/"):
		return strings.Contains(n.path(), t.filter)
	}
	return strings.Contains(n.name, t.filter)
}

// resize updates the number of rows of a znode and of the folders above it.
func (t *tree) resize(n *node) {
	for ; n != nil; n = n.parent {
		by := t.rowsOf(n) - n.rows
		if by == 0 {
			return
		}
		n.rows += by
		if n.parent == nil {
			return
		}
		at, _, ok := n.parent.order.has(n)
		if !ok {
			return
		}
		n.parent.order.resized(at, by)
	}
}

// arranges makes the rows of a folder at the next drawing.
func (t *tree) arranges(folder *node) {
	if folder.open {
		t.unmade = append(t.unmade, folder)
	}
}

// disarrange forgets the rows of a folder.
func (t *tree) disarrange(folder *node) {
	folder.order = order{}
	t.resize(folder)
}

// arrange makes the rows of folders that were not drawn so far.
func (t *tree) arrange() {
	for _, folder := range t.unmade {
		if folder.open && folder.listed && !folder.gone && !folder.order.made {
			kids := make([]*node, 0, len(folder.kids))
			for _, kid := range folder.kids {
				t.weigh(kid)
				kids = append(kids, kid)
			}
			folder.order = orderOf(kids)
			t.resize(folder)
		}
	}
	t.unmade = nil
}

// weigh counts the rows of a znode again. Its cost grows with what is open below.
func (t *tree) weigh(n *node) {
	n.order.rows = 0
	for _, b := range n.order.blocks {
		for _, kid := range b.nodes {
			t.weigh(kid)
		}
		b.sum()
		n.order.rows += b.rows
	}
	n.rows = t.rowsOf(n)
}

// setFilter sets the filter, and counts all rows again if it differs.
func (t *tree) setFilter(filter string) {
	if filter != t.filter {
		t.filter = filter
		t.weigh(t.root)
	}
}

// rank returns the place of a znode among all rows, -1 if it has no row.
func (t *tree) rank(n *node) (at int) {
	if n.rows == 0 {
		return -1
	}
	for ; n.parent != nil; n = n.parent {
		before := n.parent.order.before(n)
		if before < 0 {
			return -1
		}
		at += 1 + before
	}
	return at
}

// window returns the first row to draw, such that the row to keep is among those drawn.
func (t *tree) window(w Window, kept *int) int {
	first := max(0, min(w.First, t.root.rows-w.N))
	if n, _ := t.find(w.Keep); n != nil && w.Keep != "" {
		*kept = t.rank(n)
	}
	switch {
	case *kept < 0:
	case *kept < first:
		first = *kept
	case *kept >= first+w.N:
		first = max(0, *kept-w.N+1)
	}
	return first
}

// prepare brings the rows up to date, with a filter.
func (t *tree) prepare(filter string) {
	t.settle()
	t.dismiss()
	t.setFilter(filter)
	t.arrange()
}

// drawn returns rows to draw: many, from the first on.
func (t *tree) drawn(first, many int) (list []Row) {
	notes := make(map[*node]map[*node]string) // by folder
	for _, p := range t.rows(first, many) {
		if folder := p.parent; folder != nil && notes[folder] == nil {
			notes[folder] = t.notes(folder)
		}
		r := t.row(p)
		r.Note = notes[p.parent][p.node]
		list = append(list, r)
	}
	return list
}

// row returns a row to draw. It requests the stat if that is not known.
func (t *tree) row(p place) Row {
	n := p.node
	if !n.gone && n.statErr == nil && (n.stat == nil || n.outdated) {
		t.reads.want(&n.target, needStat, true)
	}
	r := Row{
		Path: n.path(), Name: n.name, Depth: p.depth, Open: n.open, Owner: n.owner, Mark: n.mark, At: n.at, Below: n.below,
		Loading: n.open && !n.listed && n.listErr == nil && !n.gone, Children: Unknown, Bytes: Unknown, Version: Unknown, Problem: reason(cmp.Or(n.listErr, n.statErr)),
	}
	if n.stat != nil {
		r.Children, r.Bytes, r.Version = n.stat.NumChildren, n.stat.DataLength, n.stat.Version
	}
	if n.listed {
		r.Children = int32(len(n.kids))
	}
	return r
}

// rows returns the znodes of rows: many, from the first on.
func (t *tree) rows(first, many int) []place {
	c := collecting{skip: first, most: many}
	c.collect(place{t.root, 0})
	return c.rows
}

// collecting collects rows in their order.
type collecting struct {
	skip, most int
	rows       []place
}

func (c *collecting) collect(p place) {
	if c.skip >= p.node.rows {
		c.skip -= p.node.rows
		return
	}
	if len(c.rows) >= c.most {
		return
	}
	if c.skip > 0 {
		c.skip--
	} else {
		c.rows = append(c.rows, p)
	}
	for _, b := range p.order.blocks {
		if c.skip >= b.rows {
			c.skip -= b.rows
			continue
		}
		for _, kid := range b.nodes {
			if len(c.rows) >= c.most {
				return
			}
			c.collect(place{kid, p.depth + 1})
		}
	}
}
