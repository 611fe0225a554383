package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkconn"
	"github.com/zklab/zklab/link"
)

// admin holds the harness's own connection, which no fault reaches, and the znode below which the run
// does everything. A shared ensemble is left as it was: the run removes its znode at the end.
type admin struct {
	conn  *zk.Conn
	link  *link.Link
	root  string
	above string   // the part of root that existed
	made  []string // root and those of its parents that did not exist
	none  bool     // nothing was made, because a server refused it
}

// openAdmin connects the harness's own client.
func (r *run) openAdmin(ctx context.Context) error {
	through := link.New(link.Config{
		Client: -1, Dial: r.links.direct, Clock: func() time.Duration { return 0 }, Record: r.links.ofHarness,
	})
	r.undo.add(through.Close)
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	conn, events, err := r.links.connect(ctx, through, 0)
	if err != nil {
		return fmt.Errorf("connect to the ensemble: %w", err)
	}
	go drain(events.All())
	r.admin = &admin{conn: conn, link: through}
	r.undo.add(func() error { conn.Close(); return nil })
	return nil
}

// granted returns the session timeout that the servers granted the harness: they grant the
// clients the same.
func (a *admin) granted() time.Duration { return granted(a.link) }

// makeRoot creates the run's znode.
func (r *run) makeRoot() error {
	a := r.admin
	shared, ok := r.ensemble.(ensemble.Shared)
	if ok {
		a.above = shared.Root()
		r.undo.add(r.removeRoot)
	}
	a.root = a.above + ensemble.RunFolder(r.started)
	err := a.makePath(a.root)
	var code wire.Code // a code for which go-zookeeper has no error
	a.none = len(a.made) == 0 && (errors.As(err, &code) || errors.Is(err, zk.ErrNoAuth) || errors.Is(err, zk.ErrAuthFailed))
	if errors.Is(err, zk.ErrNoAuth) {
		return fmt.Errorf("create znode %s: %w: give a chroot in which everyone may create znodes, or authenticate with --auth", a.root, err)
	}
	if err != nil {
		return fmt.Errorf("make znode %s: %w", a.root, zkconn.Explained(err))
	}
	return nil
}

// makePath creates a znode and its parents.
func (a *admin) makePath(path string) (err error) {
	const tries = 5 // another run may remove the parent, which is empty for a moment
	for range tries {
		err = nil
		for i := len(a.above) + 1; i <= len(path) && err == nil; i++ {
			if i == len(path) || path[i] == '/' {
				err = a.make(path[:i])
			}
		}
		if !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
	return err
}

// make creates one znode, unless it exists.
func (a *admin) make(path string) error {
	_, err := a.conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, wire.Named(err))
	}
	if !slices.Contains(a.made, path) {
		a.made = append(a.made, path)
	}
	return nil
}

// removeWait bounds the removal of a run's znode.
const removeWait = 15 * time.Second

// removeRoot removes the run's znode with everything in it, and those of its parents that the run
// created and that are empty. It names the znodes that stay in the result or, if there is none, in the
// run's error.
func (r *run) removeRoot() error {
	if r.admin.none {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeWait)
	defer cancel()
	err := await.Until(ctx, func() error { return r.admin.remove(ctx) }) // the client takes no context
	if err == nil {
		return nil
	}
	root := r.admin.root
	err = fmt.Errorf("cannot remove znode %s; remove it yourself (zkCli.sh deleteall %s): %w", root, root, err)
	if r.work == nil {
		return err
	}
	r.warn("", err)
	return nil
}

func (a *admin) remove(ctx context.Context) error {
	if err := zkconn.RemoveTree(ctx, a.conn, a.root); err != nil {
		return err
	}
	for _, parent := range slices.Backward(a.made) {
		if parent == a.root {
			continue
		}
		if err := zkconn.Ignoring(a.conn.Delete(parent, -1), zk.ErrNoNode, zk.ErrNotEmpty); err != nil {
			return err
		}
	}
	return nil
}
