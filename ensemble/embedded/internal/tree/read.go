package tree

import (
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Each read gets the identities of the client, including its address, and returns NoNode before NoAuth.
// No read checks whether the path is valid: no znode has an invalid path, except that the empty path
// reads the root. Exists of a path with a NUL in it returns BadArguments.

// Exists returns the stat of a znode. It needs the permission to read since 3.9.3 (ZOOKEEPER-2590), so
// NoAuth shows that the znode exists.
func (t *Tree) Exists(path string, ids []wire.ID) (wire.Stat, wire.Code) {
	if strings.IndexByte(path, 0) >= 0 {
		return wire.Stat{}, wire.BadArguments
	}
	n, code := t.read(path, wire.PermRead, ids)
	if code != wire.OK {
		return wire.Stat{}, code
	}
	return n.stat(), wire.OK
}

// Data returns the data, which must not be changed, and the stat.
func (t *Tree) Data(path string, ids []wire.ID) ([]byte, wire.Stat, wire.Code) {
	n, code := t.read(path, wire.PermRead, ids)
	if code != wire.OK {
		return nil, wire.Stat{}, code
	}
	return n.data, n.stat(), wire.OK
}

// Children appends the names of the children to dst, and gives the stat.
func (t *Tree) Children(path string, ids []wire.ID, dst []string) ([]string, wire.Stat, wire.Code) {
	n, code := t.read(path, wire.PermRead, ids)
	if code != wire.OK {
		return dst, wire.Stat{}, code
	}
	n.children.each(func(c *node) { dst = append(dst, c.name()) })
	return dst, n.stat(), wire.OK
}

// ACL returns the access control list, which must not be changed, and the stat. It
// needs READ or ADMIN; without ADMIN the digests of passwords are masked.
func (t *Tree) ACL(path string, ids []wire.ID) ([]wire.ACL, wire.Stat, wire.Code) {
	n, code := t.read(path, wire.PermRead|wire.PermAdmin, ids)
	if code != wire.OK {
		return nil, wire.Stat{}, code
	}
	list := n.acl.entries()
	if !n.acl.allows(wire.PermAdmin, ids) {
		list = masked(list)
	}
	return list, n.stat(), wire.OK
}

// AllChildrenNumber counts the znodes below a znode, at any depth.
func (t *Tree) AllChildrenNumber(path string, ids []wire.ID) (int32, wire.Code) {
	n, code := t.read(path, wire.PermRead, ids)
	switch {
	case code != wire.OK:
		return 0, code
	case path == "":
		return int32(len(t.nodes)), wire.OK // every path begins with "/", the root's too
	case n == t.root:
		return int32(len(t.nodes) - 1), wire.OK
	}
	var below int32
	n.walk(func(*node) { below++ })
	return below - 1, wire.OK
}

// read finds a znode for who has any of perms.
func (t *Tree) read(path string, perms wire.Perm, ids []wire.ID) (*node, wire.Code) {
	n := t.find(path)
	switch {
	case n == nil:
		return nil, wire.NoNode
	case !n.acl.allows(perms, ids):
		return nil, wire.NoAuth
	}
	return n, wire.OK
}

// walk calls f for a node and all below it, parents first.
func (n *node) walk(f func(*node)) {
	todo := []*node{n}
	for len(todo) > 0 {
		last := len(todo) - 1
		x := todo[last]
		todo = todo[:last]
		f(x)
		x.children.each(func(c *node) { todo = append(todo, c) })
	}
}

// Stat returns the stat of a znode without checking permissions, or NoNode. A server compares it with
// the zxid of SetWatches.
func (t *Tree) Stat(path string) (wire.Stat, wire.Code) {
	n := t.find(path)
	if n == nil {
		return wire.Stat{}, wire.NoNode
	}
	return n.stat(), wire.OK
}

// Node holds what a leader has to know of a znode before it changes it.
type Node struct {
	Version, Aversion int32
	Creates           int32 // the counter of sequential names
	Children          int
	ACL               []wire.ACL
	Owner             int64 // session of an ephemeral
	Size              int   // of the data
}

// Node returns what a leader has to know of the znode at path, which must not be empty; ok is false if
// there is none.
func (t *Tree) Node(path string) (n Node, ok bool) {
	x := t.nodes[path]
	if x == nil {
		return Node{}, false
	}
	return Node{
		Version: x.version, Aversion: x.aversion, Creates: x.creates,
		Children: x.children.n, ACL: x.acl.entries(), Owner: x.owner,
		Size: len(x.data),
	}, true
}
