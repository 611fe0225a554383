package client

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// MaxRecreate bounds how often one call puts back what others keep removing.
const MaxRecreate = 10

// EnsurePath creates path and what is missing above it, as persistent znodes. That
// others do the same at the same time is fine.
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
