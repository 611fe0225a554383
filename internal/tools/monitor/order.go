package monitor

import (
	"slices"
	"sort"
	"strings"
)

// order has the rows of an open folder: its kids by name, including kids that were just deleted. It
// consists of blocks with sums, so that a row can be found, added and removed without visiting all
// rows. It is made when it is first drawn.
type order struct {
	blocks []*block
	rows   int // of all kids and of what is open below them
	made   bool
}

// block holds some consecutive nodes. It is never empty.
type block struct {
	nodes []*node
	rows  int
}

const mostInBlock = 512

func byName(a, b *node) int { return strings.Compare(a.name, b.name) }

// orderOf returns the order of nodes, whose names must differ.
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

// search returns the block, and the index in it, where a name is or would be.
func (o *order) search(name string) (at, i int, found bool) {
	at = max(sort.Search(len(o.blocks), func(i int) bool { return o.blocks[i].nodes[0].name > name })-1, 0)
	if len(o.blocks) == 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearchFunc(o.blocks[at].nodes, name, func(n *node, name string) int { return strings.Compare(n.name, name) })
	return at, i, found
}

// has returns the place of a node.
func (o *order) has(n *node) (at, i int, ok bool) {
	at, i, found := o.search(n.name)
	return at, i, found && o.blocks[at].nodes[i] == n
}

// put adds a node. It replaces a node with the same name.
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

// remove removes a node, if the order has it.
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

// resized adds a number of rows to a block.
func (o *order) resized(at, by int) {
	o.blocks[at].rows += by
	o.rows += by
}

// before returns the number of rows before a node's own; -1 if the order does not have the node.
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
