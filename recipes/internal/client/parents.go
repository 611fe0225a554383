package client

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// MaxRecreate bounds how often one call recreates znodes that other clients keep removing.
const MaxRecreate = 10

// EnsurePath creates path and its missing parents, as persistent znodes. Other clients may do the
// same at the same time.
func (cl *Client) EnsurePath(ctx context.Context, z *Session, path string) error {
	if path == "/" || path == "" {
		return nil
	}
	for range MaxRecreate {
		_, err := Retry(ctx, cl, z, Write, func() (string, error) {
			return cl.Conn.Create(path, nil, 0)
		})
		switch {
		case err == nil || errors.Is(err, zk.ErrNodeExists):
			return nil
		case !errors.Is(err, zk.ErrNoNode):
			return err
		}
		if err := cl.EnsurePath(ctx, z, znodes.Parent(path)); err != nil {
			return err
		}
	}
	return zk.ErrNoNode
}
