package monitor

import "strings"

// This file keeps up which rows there are: how many each znode has, with those that are open
// below it, as far as they pass the filter. What a drawing costs is what it shows.

// place is a row before it is drawn.
type place struct {
	*node
	depth int
}

// rowsOf is how many rows a znode has. A folder that does not pass the filter is there for
// those of its kids that do.
func (f *Follower) rowsOf(n *node) int {
	if n.order.rows > 0 || n.parent == nil || f.passes(n) {
		return n.order.rows + 1
	}
	return 0
}

// passes says that a znode's name has the filter in it; its path, if the filter has a slash.
func (f *Follower) passes(n *node) bool {
	switch {
	case f.filter == "":
		return true
	case strings.Contains(f.filter, "/"):
		return strings.Contains(n.path(), f.filter)
	}
	return strings.Contains(n.name, f.filter)
}

// resize carries upwards that a znode has other rows than before.
func (f *Follower) resize(n *node) {
	for ; n != nil; n = n.parent {
		by := f.rowsOf(n) - n.rows
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

// arranges has the rows of a folder made when somebody looks.
func (f *Follower) arranges(folder *node) {
	if folder.open {
		f.unmade = append(f.unmade, folder)
	}
}

// disarrange forgets the rows of a folder.
func (f *Follower) disarrange(folder *node) {
	folder.order = order{}
	f.resize(folder)
}

// arrange makes the rows that nobody has looked at so far.
func (f *Follower) arrange() {
	for _, folder := range f.unmade {
		if folder.open && folder.listed && !folder.gone && !folder.order.made {
			kids := make([]*node, 0, len(folder.kids))
			for _, kid := range folder.kids {
				f.weigh(kid)
				kids = append(kids, kid)
			}
			folder.order = orderOf(kids)
			f.resize(folder)
		}
	}
	f.unmade = nil
}

// weigh counts the rows of a znode anew, which costs what is open below it.
func (f *Follower) weigh(n *node) {
	n.order.rows = 0
	for _, b := range n.order.blocks {
		for _, kid := range b.nodes {
			f.weigh(kid)
		}
		b.sum()
		n.order.rows += b.rows
	}
	n.rows = f.rowsOf(n)
}

// setFilter counts all rows anew if the filter is another one.
func (f *Follower) setFilter(filter string) {
	if filter != f.filter {
		f.filter = filter
		f.weigh(f.root)
	}
}

// rank is the place of a znode among all rows, -1 if it is none of them.
func (f *Follower) rank(n *node) (at int) {
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

// window is the first row that is drawn, so that the one to be kept is among them.
func (f *Follower) window(w Window, kept *int) int {
	first := max(0, min(w.First, f.root.rows-w.N))
	if n, _ := f.find(w.Keep); n != nil && w.Keep != "" {
		*kept = f.rank(n)
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

// rows are so many from the first on.
func (f *Follower) rows(first, many int) []place {
	c := collecting{skip: first, most: many}
	c.collect(place{f.root, 0})
	return c.rows
}

// collecting goes over the rows in their order.
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
