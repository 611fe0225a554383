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

// atOnce is how many requests are under way while a tree is read or removed.
const atOnce = 64

// node is a znode of a subtree.
type node struct {
	path     string
	depth    int // below the root of the subtree
	stat     wire.Stat
	children []string
	closed   bool // its children may not be read
}

func (n node) name() string { return n.path[lastSlash(n.path)+1:] }

func lastSlash(path string) int { return strings.LastIndexByte(path, '/') }

// gather reads a subtree, down to a depth if it is not negative, in the order of a walk: a
// parent before its children, these by name. Znodes that went meanwhile are left out.
func (s *Shell) gather(ctx context.Context, root string, depth int) ([]node, error) {
	return s.walk(ctx, root, depth, false)
}

// survey is gather for those who only look: a znode whose children may not be read has none.
func (s *Shell) survey(ctx context.Context, root string, depth int) ([]node, error) {
	return s.walk(ctx, root, depth, true)
}

func (s *Shell) walk(ctx context.Context, root string, depth int, lenient bool) ([]node, error) {
	var all []node
	level := []string{root}
	for d := 0; len(level) > 0 && (depth < 0 || d <= depth); d++ {
		found, err := s.readAll(ctx, level, lenient && d > 0)
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

// compare puts children right behind their parents: a slash is smaller than all else.
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

// readAll reads stats and children of some znodes, those that are there.
func (s *Shell) readAll(ctx context.Context, paths []string, lenient bool) (found []node, err error) {
	var mu sync.Mutex
	err = each(ctx, paths, func(ctx context.Context, path string) error {
		names, stat, err := s.Client.Children(ctx, path, false)
		closed := lenient && errors.Is(err, wire.NoAuth)
		if closed {
			if stat, err = s.Client.Exists(ctx, path, false); errors.Is(err, wire.NoAuth) {
				err = nil // some servers do not even tell that
			}
		}
		if missing(err) {
			return nil
		}
		if err != nil {
			return did("read", path, err)
		}
		slices.Sort(names)
		mu.Lock()
		defer mu.Unlock()
		found = append(found, node{path: path, stat: stat, children: names, closed: closed})
		return nil
	})
	return found, err
}

// each does something for all, some at once.
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
	return context.Cause(outer) // else some may have been left out
}

// ephemeral says whether a stat is of one. Of containers and of znodes with a TTL servers
// don't tell clients (DataNode.copyStat in Java's).
func ephemeral(s wire.Stat) bool { return s.EphemeralOwner != 0 }
