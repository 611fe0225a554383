package tree

import (
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// node is a znode.
type node struct {
	path string
	data []byte // never changed in place: clones share it
	acl  *sharedACL

	czxid, mzxid, pzxid int64
	ctime, mtime        int64
	version, aversion   int32
	creates             int32 // children created, ever: what sequential names are made of

	owner     int64 // session of an ephemeral
	ttl       time.Duration
	container bool

	parent     *node // nil: the root
	children   children
	prev, next *node  // siblings in a bucket of the parent
	hash       uint32 // of the name
	slot       int    // where it is in the list that it is on, if any
	order      uint64 // later nodes have a larger one
}

// name returns the last part of the path.
func (x *node) name() string {
	if x.parent == nil || x.parent.parent == nil {
		return x.path[1:]
	}
	return x.path[len(x.parent.path)+1:]
}

// stat returns the fields as clients see them. The creates minus the children
// that are left is the number of deletes, so cversion counts both.
func (x *node) stat() wire.Stat {
	return wire.Stat{
		Czxid:          x.czxid,
		Mzxid:          x.mzxid,
		Ctime:          x.ctime,
		Mtime:          x.mtime,
		Version:        x.version,
		Cversion:       2*x.creates - int32(x.children.n),
		Aversion:       x.aversion,
		EphemeralOwner: x.owner,
		DataLength:     int32(len(x.data)),
		NumChildren:    int32(x.children.n),
		Pzxid:          x.pzxid,
	}
}

// parentPath returns the path of the znode above; that of "/" is the root, too.
func parentPath(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return "/"
}

// nodeList is a list of nodes, none twice. A node can be on one at a time.
type nodeList struct {
	nodes []*node
	most  int // nodes that it ever had at once
}

func (r *nodeList) add(x *node) {
	x.slot = len(r.nodes)
	r.nodes = append(r.nodes, x)
	r.most = max(r.most, len(r.nodes))
}

func (r *nodeList) remove(x *node) {
	last := len(r.nodes) - 1
	r.nodes[x.slot] = r.nodes[last]
	r.nodes[x.slot].slot = x.slot
	r.nodes[last] = nil
	r.nodes = r.nodes[:last]
}
