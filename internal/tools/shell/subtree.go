package shell

import (
	"context"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// subtree is a subtree in memory. The paths of its znodes are relative to its root, whose path is "".
// Parents come before their children.
type subtree struct {
	root   string // "" if it comes from a file
	znodes []znode
	unsteady
	unread
}

// unsteady has the paths that other clients wrote while a subtree was read.
type unsteady struct {
	Changed []string `json:"changed,omitempty"`
}

func (u unsteady) text(p *page) {
	if n := len(u.Changed); n > 0 {
		p.printf("other clients wrote %d znodes during the read, among them %s: the result may mix states of different times\n", n, legible(u.Changed[0]))
	}
}

// take reads a subtree, down to a depth unless it is negative. From the root it leaves out
// /zookeeper, which belongs to the servers. Znodes that it cannot read, other than the root, are in
// the unread znodes of the subtree.
func (s *Shell) take(ctx context.Context, root string, depth int, withACL bool) (t subtree, err error) {
	t.root = root
	nodes, err := s.lookAt(ctx, root, depth, &t.unread)
	if err != nil {
		return t, err
	}
	if t.znodes, err = s.load(ctx, nodes, loading{permissions: true, unread: &t.unread}); err != nil {
		return t, err
	}
	if i := slices.IndexFunc(t.Unread, func(z unreadZnode) bool { return z.Path == root }); i >= 0 {
		return t, did("read", root, t.Unread[i].err)
	}
	t.sort()
	t.znodes = slices.DeleteFunc(t.znodes, func(n znode) bool { return t.has(n.path) })
	if len(t.znodes) == 0 || t.znodes[0].path != root { // another client deleted it during the read
		return t, did("read", root, wire.NoNode)
	}
	again, err := s.lookAt(ctx, root, depth, &t.unread)
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

// serversOwn is the subtree that belongs to the servers.
const serversOwn = "/zookeeper"

func (s *Shell) lookAt(ctx context.Context, root string, depth int, skip *unread) ([]node, error) {
	nodes, err := s.walk(ctx, root, depth, false, skip)
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

// changed returns the paths of znodes that changed or disappeared since they were read, and of new
// ones. If there are none, all znodes that were read existed at one moment: between the last read
// and this check.
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

// lasting returns the znodes that are not ephemeral, and the number of ephemeral ones.
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

// join returns the path of a subtree's znode if the root has a given path.
func join(root, path string) string {
	if path == "" {
		return root
	}
	return strings.TrimSuffix(root, "/") + path
}
