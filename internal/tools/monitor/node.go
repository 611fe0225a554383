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

	// open is what the user wants, listed that kids are what the server has.
	open, listed bool
	kids         map[string]*node
	order        order // as they are shown
	rows         int   // see rowsOf

	gone bool
	stat *wire.Stat // nil until it was read
	// value is that of a part of a recipe, or of an instance, as of the change valueOf.
	value    string
	valueOf  int64
	outdated bool // the stat is that of the past, and is not being read
	// past means that the data have changed since the stat was read.
	past  bool
	owner int64 // as it is in the sums
	// Why it cannot be listed, and why its stat and its value cannot be read.
	listErr, statErr, valueErr error
	// told is the zxid up to which it is known what happened to the znode.
	told int64
	// check means that it is to be compared: a connection was lost since it was read.
	check bool
	// unheard means that it was found in a list, and no event told that it was created.
	unheard bool
	// helps is when it was last listed for what another folder means, zero if it is not.
	helps time.Time
	// doubt means that a watch of its own told that it was deleted: in the next list of its
	// folder it is another one.
	doubt bool
	// journal has the kids of which events told while a listing is under way: those are as the
	// events told, whatever is in the list, which may be of before or after them.
	journal map[string]struct{}

	mark  Kind
	at    time.Time
	below time.Time
	entry int // number of its last change in the log
}

func (n *node) path() string {
	if n.parent == nil {
		return n.name
	}
	return join(n.parent.path(), n.name)
}

func (n *node) where() string { return n.path() }

// dropped is not true of the root, which can come back.
func (n *node) dropped() bool { return n.gone && n.parent != nil }
func (n *node) asked()        { n.outdated = false }

func join(folder, name string) string {
	if folder == "/" {
		return "/" + name
	}
	return folder + "/" + name
}

// split is join's inverse.
func split(path string) (folder, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 1)], path[i+1:]
}

// below says whether path is root or below it, and gives the rest.
func below(root, path string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, root)
	if !ok || rest == "" || root == "/" {
		return rest, ok
	}
	return rest[1:], rest[0] == '/'
}
