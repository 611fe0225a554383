package zkconn

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"
)

// RemoveTree removes a znode and everything below it, until ctx ends. It is no error if other clients, or the
// end of a session, delete some of the znodes meanwhile. Znodes that are created meanwhile are removed in
// another round.
func RemoveTree(ctx context.Context, conn *zk.Conn, path string) error {
	for {
		err := removeOnce(ctx, conn, path)
		if !errors.Is(err, zk.ErrNotEmpty) || ctx.Err() != nil {
			return err
		}
	}
}

// removeOnce removes the znodes that exist now, many of one folder at a time.
func removeOnce(ctx context.Context, conn *zk.Conn, path string) error {
	const atOnce = 32
	children, _, err := conn.Children(path)
	if err := Ignoring(err, zk.ErrNoNode); err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, name := range children {
		child := path + "/" + name
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err := Ignoring(conn.Delete(child, -1), zk.ErrNoNode)
			if errors.Is(err, zk.ErrNotEmpty) {
				return removeOnce(ctx, conn, child)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return Ignoring(conn.Delete(path, -1), zk.ErrNoNode)
}

// Ignoring returns err, or nil if err is one of these.
func Ignoring(err error, these ...error) error {
	if slices.ContainsFunc(these, func(e error) bool { return errors.Is(err, e) }) {
		return nil
	}
	return err
}
