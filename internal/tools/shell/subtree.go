package shell

import (
	"context"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// subtree is one that was taken out of where it was: the paths of its znodes begin behind
// that of its root, which is "", and a parent stands before its children.
type subtree struct {
	znodes []znode
	unsteady
}

// unsteady are the paths that others wrote while a subtree was read.
type unsteady struct {
	Changed []string `json:"changed,omitempty"`
}

func (u unsteady) text(p *page) {
	if n := len(u.Changed); n > 0 {
		p.printf("others wrote %d znodes while they were read, as %s: it is of no one moment\n", n, legible(u.Changed[0]))
	}
}

// take reads a subtree, down to a depth if it is not negative. What servers keep in
// /zookeeper is no part of the whole tree.
func (s *Shell) take(ctx context.Context, root string, depth int, withACL bool) (t subtree, err error) {
	nodes, err := s.lookAt(ctx, root, depth)
	if err != nil {
		return t, err
	}
	if t.znodes, err = s.load(ctx, nodes, strict); err != nil {
		return t, err
	}
	if len(t.znodes) == 0 || t.znodes[0].path != root { // it went while it was read
		return t, did("read", root, wire.NoNode)
	}
	again, err := s.lookAt(ctx, root, depth)
	if err != nil {
		return t, err
	}
	t.Changed = changed(t.znodes, again)
	for i := range t.znodes {
		n := &t.znodes[i]
		n.path = strings.TrimPrefix(n.path, strings.TrimSuffix(root, "/"))
		if n.path == "/" {
			n.path = ""
		}
		if !withACL {
			n.acl = nil
		}
	}
	return t, nil
}

// serversOwn is where servers keep what is theirs.
const serversOwn = "/zookeeper"

func (s *Shell) lookAt(ctx context.Context, root string, depth int) ([]node, error) {
	nodes, err := s.gather(ctx, root, depth)
	if err != nil || root != "/" || s.Client.Chroot() != "" {
		return nodes, err
	}
	kept := nodes[:0]
	for _, n := range nodes {
		if !within(n.path, serversOwn) {
			kept = append(kept, n)
		}
	}
	return kept, nil
}

// changed are the paths of those that were read and are not there as they were, and of those
// that came. If there are none, all were as they were read at one moment: between the last
// read and this look.
func changed(read []znode, now []node) (paths []string) {
	there := make(map[string]wire.Stat, len(now))
	for _, n := range now {
		there[n.path] = n.stat
	}
	for _, n := range read {
		stat, ok := there[n.path]
		if !ok || stat.Mzxid != n.stat.Mzxid || stat.Czxid != n.stat.Czxid || stat.Aversion != n.stat.Aversion {
			paths = append(paths, n.path)
		}
		delete(there, n.path)
	}
	for _, n := range now {
		if _, came := there[n.path]; came {
			paths = append(paths, n.path)
		}
	}
	return paths
}

// lasting leaves ephemeral znodes out, and counts them.
func (t subtree) lasting() (all []znode, ephemerals int) {
	for _, n := range t.znodes {
		if ephemeral(n.stat) {
			ephemerals++
			continue
		}
		all = append(all, n)
	}
	return all, ephemerals
}

// join is the path of a subtree's znode where its root is at another path.
func join(root, path string) string {
	if path == "" {
		return root
	}
	return strings.TrimSuffix(root, "/") + path
}
