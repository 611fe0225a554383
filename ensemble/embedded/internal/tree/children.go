package tree

// children are the children of a znode in a table like Java's HashSet: chains of siblings, which link
// the nodes themselves. No name is looked up in it (the tree knows all paths), so names that fall into
// one bucket cost nothing.
type children struct {
	buckets []chain
	n       int
}

type chain struct{ first, last *node }

// smallestChildren is the size of a table when it gets its first child.
const smallestChildren = 8

func (c *children) add(x *node) {
	if len(c.buckets) == 0 {
		c.buckets = make([]chain, smallestChildren)
	}
	c.bucket(x).append(x)
	c.n++
	if 4*c.n > 3*len(c.buckets) {
		c.grow()
	}
}

func (c *children) remove(x *node) {
	c.bucket(x).remove(x)
	c.n--
}

func (c *children) bucket(x *node) *chain { return &c.buckets[x.hash&uint32(len(c.buckets)-1)] }

// grow doubles the table; siblings of a bucket keep their order.
func (c *children) grow() {
	old := c.buckets
	c.buckets = make([]chain, 2*len(old))
	for _, b := range old {
		for x := b.first; x != nil; {
			next := x.next
			c.bucket(x).append(x)
			x = next
		}
	}
}

// each calls f for every child, which it may remove, in order.
func (c *children) each(f func(*node)) {
	if c.n == 0 {
		return
	}
	for i := range c.buckets {
		for x := c.buckets[i].first; x != nil; {
			next := x.next
			f(x)
			x = next
		}
	}
}

func (b *chain) append(x *node) {
	x.prev, x.next = b.last, nil
	if b.last == nil {
		b.first = x
	} else {
		b.last.next = x
	}
	b.last = x
}

func (b *chain) remove(x *node) {
	if x.prev == nil {
		b.first = x.next
	} else {
		x.prev.next = x.next
	}
	if x.next == nil {
		b.last = x.prev
	} else {
		x.next.prev = x.prev
	}
	x.prev, x.next = nil, nil
}
