package monitor

import (
	"strings"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// node is a znode of the copy.
type node struct {
	target
	parent *node
	name   string // of the root, its path

	// open means that the user opened the folder; listed means that kids has the children that the
	// server listed.
	open, listed bool
	kids         map[string]*node
	order        order // the rows of the kids
	rows         int   // see rowsOf

	gone bool
	stat *wire.Stat // nil until it was read
	// value is the data of a part of a recipe, or of an instance, as of the zxid valueOf.
	value    string
	valueOf  int64
	outdated bool // the stat is outdated, and is not being read
	// past means that the data have changed since the stat was read.
	past  bool
	owner int64 // as counted in the tree's sums
	// The reasons why the kids cannot be listed, and why the stat and the value cannot be read.
	listErr, statErr, valueErr error
	// told is the zxid up to which the changes of the znode are known.
	told int64
	// check means that the znode is to be compared: a connection was lost since it was read.
	check bool
	// unheard means that a list has the znode, and no event reported its creation.
	unheard bool
	// helps is when the folder was last needed for the meaning of another one; zero: it is not.
	helps time.Time
	// doubt means that the znode's own watch reported its deletion: if the next list of its folder
	// has the name, that is a new znode.
	doubt bool
	// journal has the kids that events reported while the folder is being listed. For these kids,
	// the events count and not the list, which may be older or newer.
	journal map[string]struct{}

	mark  Kind
	at    time.Time
	below time.Time
	entry int // the number of its last change in the log
}

func (n *node) path() string {
	if n.parent == nil {
		return n.name
	}
	return join(n.parent.path(), n.name)
}

func (n *node) where() string { return n.path() }

// dropped reports whether the znode is never read again. It is false for the root, which can be
// created again.
func (n *node) dropped() bool { return n.gone && n.parent != nil }
func (n *node) asked()        { n.outdated = false }

func join(folder, name string) string {
	if folder == "/" {
		return "/" + name
	}
	return folder + "/" + name
}

// split is the inverse of join.
func split(path string) (folder, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 1)], path[i+1:]
}

// below reports whether a path is the root or below it, and returns the rest of the path.
func below(root, path string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, root)
	if !ok || rest == "" || root == "/" {
		return rest, ok
	}
	return rest[1:], rest[0] == '/'
}
