package tree

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Clone returns an independent copy. It shares the data of znodes and the access control lists, which
// are never changed in place. The cost grows with the number of znodes.
func (t *Tree) Clone() *Tree {
	u := &Tree{
		nodes:      make(map[string]*node, len(t.nodes)),
		zxid:       t.zxid,
		sessions:   maps.Clone(t.sessions),
		owned:      make(map[int64]*nodeList, len(t.owned)),
		quotas:     maps.Clone(t.quotas),
		members:    t.members,
		order:      t.order,
		ephemerals: t.ephemerals,
		dataSize:   t.dataSize,
	}
	acls, aclOf := t.acls.clone()
	u.acls = acls
	u.idle, u.ttls = t.idle.sized(), t.ttls.sized()
	for session, r := range t.owned {
		copied := r.sized()
		u.owned[session] = &copied
	}
	u.root = t.root.copy(nil)
	for todo := []pair{{t.root, u.root}}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		p.copy.acl = aclOf[p.copy.acl]
		u.nodes[p.copy.path] = p.copy
		if r := u.listOf(p.copy); r != nil {
			r.nodes[p.copy.slot] = p.copy
		}
		todo = p.copyChildren(todo)
	}
	return u
}

// pair is a node and its copy.
type pair struct{ node, copy *node }

// copy makes a copy that has no children yet.
func (n *node) copy(parent *node) *node {
	c := *n
	c.parent = parent
	c.children.buckets = make([]chain, len(n.children.buckets))
	return &c
}

// copyChildren makes copies of the children, in the order of the originals.
func (p pair) copyChildren(pairs []pair) []pair {
	p.node.children.each(func(x *node) {
		c := x.copy(p.copy)
		p.copy.children.bucket(c).append(c)
		pairs = append(pairs, pair{x, c})
	})
	return pairs
}

// sized returns a list with room for the same nodes.
func (r *nodeList) sized() nodeList {
	return nodeList{nodes: make([]*node, len(r.nodes)), most: r.most}
}

// Diff describes the first difference between the znodes and sessions of two trees. It returns "" if
// they are equal. It leaves out /zookeeper/config, which each server sets for itself. Tests compare the
// servers of an ensemble with it.
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
