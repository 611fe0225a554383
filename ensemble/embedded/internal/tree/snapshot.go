package tree

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// AppendTree appends the whole tree: the configuration, the sessions, and the znodes in the order in
// which they were created, so that each comes after its parent.
func AppendTree(b []byte, t *Tree) []byte {
	b = wire.AppendString(wire.AppendLong(b, t.zxid), t.members)
	b = wire.AppendInt(b, int32(len(t.sessions)))
	for id, timeout := range t.Sessions() {
		b = wire.AppendInt(wire.AppendLong(b, id), int32(timeout.Milliseconds()))
	}
	nodes := slices.SortedFunc(maps.Values(t.nodes), func(a, b *node) int { return cmp.Compare(a.order, b.order) })
	b = wire.AppendInt(b, int32(len(nodes)))
	for _, n := range nodes {
		b = n.append(b)
	}
	return b
}

func (x *node) append(b []byte) []byte {
	b = wire.AppendBuffer(wire.AppendString(b, x.path), x.data)
	b = wire.AppendBool(b, x.acl != nil)
	if x.acl != nil {
		b = appendACL(b, x.acl.list)
	}
	for _, v := range []int64{x.czxid, x.mzxid, x.pzxid, x.ctime, x.mtime, x.owner, x.ttl.Milliseconds()} {
		b = wire.AppendLong(b, v)
	}
	for _, v := range []int32{x.version, x.aversion, x.creates} {
		b = wire.AppendInt(b, v)
	}
	return wire.AppendBool(b, x.container)
}

// leastNode is the smallest size of a znode, in bytes.
const leastNode = 4 + 4 + 1 + 7*8 + 3*4 + 1

// ReadTree reads what AppendTree wrote. The tree shares no memory with b.
func ReadTree(b []byte) (*Tree, error) {
	d := wire.NewDecoder(b)
	t := empty()
	t.zxid, t.members = d.Long(), d.String()
	for range d.Count(12) {
		id := d.Long()
		t.sessions[id] = time.Duration(d.Int()) * time.Millisecond
	}
	var all []*node
	for range d.Count(leastNode) {
		n := t.readNode(d)
		if d.Err() != nil {
			break
		}
		t.insert(n)
		all = append(all, n)
	}
	if d.Err() == nil && (t.root == nil || t.nodes[configPath] == nil || len(d.Rest()) > 0) {
		d.Fail(fmt.Errorf("no whole tree, %d bytes behind it", len(d.Rest())))
	}
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	for _, n := range all { // which list a node is on depends on its children
		t.track(n)
		if subtree, name := quotaOf(n); name == limitsName {
			t.quotas[subtree] = true
		}
	}
	return t, nil
}

// readNode reads a znode, and finds its parent.
func (t *Tree) readNode(d *wire.Decoder) *node {
	n := &node{path: d.String(), data: copied(d.Buffer())}
	if d.Bool() {
		n.acl = t.acls.use(readACL(d))
	}
	var ttl int64
	for _, v := range []*int64{&n.czxid, &n.mzxid, &n.pzxid, &n.ctime, &n.mtime, &n.owner, &ttl} {
		*v = d.Long()
	}
	n.ttl = time.Duration(ttl) * time.Millisecond
	for _, v := range []*int32{&n.version, &n.aversion, &n.creates} {
		*v = d.Int()
	}
	n.container = d.Bool()
	switch {
	case d.Err() != nil:
	case t.nodes[n.path] != nil:
		d.Fail(fmt.Errorf("%q is there twice", n.path))
	case n.path == rootPath:
		t.root = n
	case !ValidPath(n.path) || t.nodes[parentPath(n.path)] == nil:
		d.Fail(fmt.Errorf("%q has no parent", n.path))
	default:
		n.parent = t.nodes[parentPath(n.path)]
	}
	return n
}
