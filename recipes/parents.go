package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// maxRecreate bounds how often one call puts back what others keep removing.
const maxRecreate = 10

// ensurePath creates path and what is missing above it, as persistent znodes. That
// others do the same at the same time is fine.
func (s *client) ensurePath(ctx context.Context, z *zkSession, path string) error {
	if path == "/" || path == "" {
		return nil
	}
	for range maxRecreate {
		_, err := retry(ctx, s, z, write, func() (string, error) {
			return s.conn.Create(path, nil, 0)
		})
		switch {
		case err == nil || errors.Is(err, zk.ErrNodeExists):
			return nil
		case !errors.Is(err, zk.ErrNoNode):
			return err
		}
		if err := s.ensurePath(ctx, z, znodes.Parent(path)); err != nil {
			return err
		}
	}
	return zk.ErrNoNode
}
