package tree

import (
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
	"github.com/zklab/zklab/internal/zk/quota"
	"github.com/zklab/zklab/internal/zk/wire"
)

// The znodes that every ensemble begins with ("Administrator's Guide, Quotas",
// "Dynamic Reconfiguration").
const (
	rootPath   = "/"
	procPath   = "/zookeeper"
	quotaPath  = quota.Root
	configPath = "/zookeeper/config"
)

// Special reports whether path is one of the znodes that an ensemble begins with.
// They cannot be deleted.
func Special(path string) bool {
	switch path {
	case rootPath, procPath, quotaPath, configPath:
		return true
	}
	return false
}

// Tree is the state of an ensemble after some transaction.
type Tree struct {
	nodes    map[string]*node
	root     *node
	zxid     int64
	sessions map[int64]time.Duration
	owned    map[int64]*nodeList // ephemerals by session
	idle     nodeList            // containers that had children and have none
	ttls     nodeList            // nodes with a TTL
	acls     aclCache
	quotas   map[string]bool // subtrees with a quota
	members  string          // the configuration, whatever a client writes into its znode

	order      uint64 // of the last node that was made
	ephemerals int
	dataSize   int64

	events  []Event // of the last Apply
	results []wire.OpResult
}

// New returns the state of an ensemble that was never started: its boot nodes.
func New() *Tree {
	t := empty()
	t.root = t.boot(rootPath)
	t.boot(procPath)
	t.boot(quotaPath)
	config := t.boot(configPath)
	config.acl = t.acls.use([]wire.ACL{{Perms: wire.PermRead, ID: Anyone}})
	config.aversion = -1
	return t
}

func empty() *Tree {
	return &Tree{
		nodes:    make(map[string]*node),
		sessions: make(map[int64]time.Duration),
		owned:    make(map[int64]*nodeList),
		acls:     newACLCache(),
		quotas:   make(map[string]bool),
	}
}

// boot makes a node that no transaction made: its parent has not counted it. Its
// data is empty, not null.
func (t *Tree) boot(path string) *node {
	x := &node{path: path, data: []byte{}}
	if path != rootPath {
		x.parent = t.nodes[parentPath(path)]
	}
	t.insert(x)
	return x
}

// insert puts a node, whose parent is known, into the tree.
func (t *Tree) insert(x *node) {
	t.order++
	x.order = t.order
	t.nodes[x.path] = x
	t.dataSize += x.size()
	if x.parent != nil {
		x.hash = javahash.String(x.name())
		x.parent.children.add(x)
	}
}

// size returns the node's share of DataSize.
func (x *node) size() int64 { return int64(len(x.path) + len(x.data)) }

// SetMembership sets the configuration, the list of servers, and with it the data of /zookeeper/config.
// A server does it for itself when it starts and when it has synchronised; there is no transaction for
// it. So the znode's version is -1, and its mzxid is the configuration's version. millis is the
// server's clock, in milliseconds since 1970.
func (t *Tree) SetMembership(config string, version, millis int64) {
	x := t.nodes[configPath]
	t.members = config
	t.setData(x, []byte(config))
	x.version, x.mzxid, x.mtime = -1, version, millis
}

// Membership returns the configuration, "" if there is none. /zookeeper/config holds
// it, too, unless a client has written there.
func (t *Tree) Membership() string { return t.members }

// Zxid returns the zxid of the last transaction that was applied, or with which the
// server began to lead.
func (t *Tree) Zxid() int64 { return t.zxid }

// Lead notes that the server leads from zxid on, where an epoch begins, before any
// transaction of it. Followers show it only with the first one, so that a client
// of the leader may find that all of them are behind.
func (t *Tree) Lead(zxid int64) { t.zxid = zxid }

// NodeCount returns the number of znodes as Apache's servers report it: one too many, because
// they know the root by two names.
func (t *Tree) NodeCount() int { return len(t.nodes) + 1 }

// EphemeralCount returns the number of ephemeral znodes.
func (t *Tree) EphemeralCount() int { return t.ephemerals }

// DataSize returns the length of all paths and data, in bytes: the approximate data
// size of mntr.
func (t *Tree) DataSize() int64 { return t.dataSize }

// ACLCount returns the number of different access control lists in use.
func (t *Tree) ACLCount() int { return len(t.acls.byKey) }

// find returns the znode of a path, or nil. Java's server knows the root by the
// empty path, too, and lets clients read it.
func (t *Tree) find(path string) *node {
	if path == "" {
		return t.root
	}
	return t.nodes[path]
}
