package monitor

import (
	"slices"
	"sort"
	"strings"
)

// order is what an open folder shows: its kids by their names, and among them those that just
// went. It is kept in blocks with sums, so that a row is found, and one put in or taken out,
// without going over all. It is made when somebody looks.
type order struct {
	blocks []*block
	rows   int // of all, with those that are open below them
	made   bool
}

// block is some nodes in a row. It is never empty.
type block struct {
	nodes []*node
	rows  int
}

const mostInBlock = 512

func byName(a, b *node) int { return strings.Compare(a.name, b.name) }

// orderOf is one of nodes whose names differ.
func orderOf(nodes []*node) order {
	slices.SortFunc(nodes, byName)
	o := order{made: true}
	for part := range slices.Chunk(nodes, mostInBlock/2) {
		b := &block{nodes: slices.Clone(part)}
		b.sum()
		o.blocks, o.rows = append(o.blocks, b), o.rows+b.rows
	}
	return o
}

func (b *block) sum() {
	b.rows = 0
	for _, n := range b.nodes {
		b.rows += n.rows
	}
}

// search gives the block and the place in it where a name is, or would be.
func (o *order) search(name string) (at, i int, found bool) {
	at = max(sort.Search(len(o.blocks), func(i int) bool { return o.blocks[i].nodes[0].name > name })-1, 0)
	if len(o.blocks) == 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearchFunc(o.blocks[at].nodes, name, func(n *node, name string) int { return strings.Compare(n.name, name) })
	return at, i, found
}

// has gives the place of a node.
func (o *order) has(n *node) (at, i int, ok bool) {
	at, i, found := o.search(n.name)
	return at, i, found && o.blocks[at].nodes[i] == n
}

// put puts a node in, in place of one that has its name.
func (o *order) put(n *node) {
	at, i, found := o.search(n.name)
	switch {
	case len(o.blocks) == 0:
		o.blocks = []*block{{}}
	case found:
		o.resized(at, n.rows-o.blocks[at].nodes[i].rows)
		o.blocks[at].nodes[i] = n
		return
	}
	b := o.blocks[at]
	b.nodes = slices.Insert(b.nodes, i, n)
	o.resized(at, n.rows)
	if len(b.nodes) > mostInBlock {
		half := &block{nodes: slices.Clone(b.nodes[mostInBlock/2:])}
		clear(b.nodes[mostInBlock/2:])
		b.nodes = b.nodes[:mostInBlock/2]
		half.sum()
		b.sum()
		o.blocks = slices.Insert(o.blocks, at+1, half)
	}
}

// remove takes a node out, if it is in.
func (o *order) remove(n *node) {
	at, i, ok := o.has(n)
	if !ok {
		return
	}
	o.resized(at, -n.rows)
	b := o.blocks[at]
	if b.nodes = slices.Delete(b.nodes, i, i+1); len(b.nodes) == 0 {
		o.blocks = slices.Delete(o.blocks, at, at+1)
	}
}

// resized notes that so many rows came to a block.
func (o *order) resized(at, by int) {
	o.blocks[at].rows += by
	o.rows += by
}

// before is how many rows are before a node's, -1 if it is not in.
func (o *order) before(n *node) (rows int) {
	at, i, ok := o.has(n)
	if !ok {
		return -1
	}
	for _, b := range o.blocks[:at] {
		rows += b.rows
	}
	for _, n := range o.blocks[at].nodes[:i] {
		rows += n.rows
	}
	return rows
}
