package shell

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/internal/zk/wire"
)

// atOnce is the number of concurrent requests while a tree is read or removed.
const atOnce = 64

// node is a znode of a subtree.
type node struct {
	path     string
	depth    int // below the root of the subtree
	stat     wire.Stat
	children []string
	closed   bool // the session may not read its children, or they are too many for a reply
}

func (n node) name() string { return n.path[lastSlash(n.path)+1:] }

func lastSlash(path string) int { return strings.LastIndexByte(path, '/') }

// gather reads a subtree, down to a depth unless it is negative, in the order of a walk: parents
// before their children, children by name. It leaves out znodes that are deleted meanwhile.
func (s *Shell) gather(ctx context.Context, root string, depth int) ([]node, error) {
	return s.walk(ctx, root, depth, false, nil)
}

// survey is like gather, for commands that only print: if the session may not read the children of a
// znode, the znode has none and is marked as closed.
func (s *Shell) survey(ctx context.Context, root string, depth int) ([]node, error) {
	return s.walk(ctx, root, depth, true, nil)
}

// walk also leaves out znodes below the root that are in skip. It adds those that it cannot read to
// skip.
func (s *Shell) walk(ctx context.Context, root string, depth int, lenient bool, skip *unread) ([]node, error) {
	var all []node
	level := []string{root}
	for d := 0; len(level) > 0 && (depth < 0 || d <= depth); d++ {
		below := skip
		if d == 0 { // without the root there is nothing to do
			below = nil
		}
		found, err := s.readAll(ctx, level, lenient && d > 0, below)
		if err != nil {
			return nil, err
		}
		level = nil
		for _, n := range found {
			n.depth = d
			all = append(all, n)
			for _, name := range n.children {
				level = append(level, under(n.path, name))
			}
		}
	}
	if len(all) == 0 {
		return nil, did("read", root, wire.NoNode)
	}
	slices.SortFunc(all, func(a, b node) int { return compare(a.path, b.path) })
	return all, nil
}

// compare orders paths so that descendants follow their ancestors directly: a slash is smaller than
// any other byte.
func compare(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

// readAll reads the metadata and children of the znodes that exist and are not skipped.
func (s *Shell) readAll(ctx context.Context, paths []string, lenient bool, skip *unread) (found []node, err error) {
	var mu sync.Mutex
	err = each(ctx, paths, func(ctx context.Context, path string) error {
		names, stat, err := s.Client.Children(ctx, path, false)
		closed := lenient && (errors.Is(err, wire.NoAuth) || errors.Is(err, wire.ErrFrameSize))
		if closed {
			if stat, err = s.Client.Exists(ctx, path, false); errors.Is(err, wire.NoAuth) {
				err = nil // some servers refuse this as well
			}
		}
		slices.Sort(names)
		mu.Lock()
		defer mu.Unlock()
		if missing(err) || skip.has(path) || skip.skips(path, err) {
			return nil
		}
		if err != nil {
			return did("read", path, err)
		}
		found = append(found, node{path: path, stat: stat, children: names, closed: closed})
		return nil
	})
	return found, err
}

// each calls a function for all values, some at a time.
func each[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	outer := ctx
	g, ctx := errgroup.WithContext(outer)
	g.SetLimit(atOnce)
	for _, v := range all {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return do(ctx, v) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return context.Cause(outer) // then some values may be left out
}

// ephemeral reports whether a znode is ephemeral. Servers do not tell clients which znodes are
// containers or have a TTL (DataNode.copyStat in Java's).
func ephemeral(s wire.Stat) bool { return s.EphemeralOwner != 0 }
