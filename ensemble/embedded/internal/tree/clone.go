package tree

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Clone gives an independent copy, which shares the data of znodes and the
// access control lists: nobody changes those in place. The cost is that of all
// znodes.
func (t *Tree) Clone() *Tree {
	u := &Tree{
		nodes:      make(map[string]*node, len(t.nodes)),
		zxid:       t.zxid,
		sessions:   maps.Clone(t.sessions),
		owned:      make(map[int64]*roll, len(t.owned)),
		quotas:     maps.Clone(t.quotas),
		order:      t.order,
		ephemerals: t.ephemerals,
		dataSize:   t.dataSize,
	}
	acls, aclOf := t.acls.clone()
	u.acls = acls
	t.root.walk(func(n *node) {
		c := *n
		c.acl = aclOf[n.acl]
		if n.parent != nil {
			c.parent = u.nodes[n.parent.path]
		}
		u.nodes[c.path] = &c
	})
	u.root = u.nodes[rootPath]
	for _, c := range u.nodes {
		c.children.relink(u.nodes)
	}
	for session, r := range t.owned {
		copied := r.clone(u.nodes)
		u.owned[session] = &copied
	}
	u.idle, u.ttls = t.idle.clone(u.nodes), t.ttls.clone(u.nodes)
	return u
}

// relink makes a table that was copied, and still links the old nodes, link the
// new ones, in the same order. The siblings' links are those of the old nodes.
func (c *children) relink(nodes map[string]*node) {
	c.buckets = slices.Clone(c.buckets)
	for i := range c.buckets {
		old := c.buckets[i].first
		c.buckets[i] = chain{}
		for ; old != nil; old = old.next {
			c.buckets[i].append(nodes[old.path])
		}
	}
}

func (r *roll) clone(nodes map[string]*node) roll {
	c := roll{nodes: make([]*node, len(r.nodes)), most: r.most}
	for i, n := range r.nodes {
		c.nodes[i] = nodes[n.path]
	}
	return c
}

// Diff tells the first difference between the znodes and sessions of two trees,
// "" if they are equal. It leaves out /zookeeper/config, which each server sets
// for itself. Tests compare the servers of an ensemble with it.
func (t *Tree) Diff(u *Tree) string {
	if t.zxid != u.zxid {
		return fmt.Sprintf("zxid 0x%x and 0x%x", t.zxid, u.zxid)
	}
	if !maps.Equal(t.sessions, u.sessions) {
		return fmt.Sprintf("sessions %v and %v", t.sessions, u.sessions)
	}
	for _, path := range slices.Sorted(maps.Keys(t.nodes)) {
		if path == configPath {
			continue
		}
		if d := t.nodes[path].diff(u.nodes[path]); d != "" {
			return path + ": " + d
		}
	}
	for _, path := range slices.Sorted(maps.Keys(u.nodes)) {
		if t.nodes[path] == nil {
			return path + ": missing in the first"
		}
	}
	return ""
}

func (n *node) diff(m *node) string {
	switch {
	case m == nil:
		return "missing in the second"
	case n.stat() != m.stat() || n.creates != m.creates || n.ttl != m.ttl || n.container != m.container:
		return fmt.Sprintf("%+v and %+v", n.stat(), m.stat())
	case !bytes.Equal(n.data, m.data):
		return fmt.Sprintf("data %q and %q", n.data, m.data)
	case !slices.Equal(n.acl.entries(), m.acl.entries()):
		return fmt.Sprintf("permissions %v and %v", n.acl.entries(), m.acl.entries())
	}
	return ""
}
