package recipes

import (
	"context"
	"errors"
	"strings"

	"github.com/go-zookeeper/zk"
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
		if err := s.ensurePath(ctx, z, parent(path)); err != nil {
			return err
		}
	}
	return zk.ErrNoNode
}

// parent returns the path above path.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// join puts a child's name behind a path.
func join(path, name string) string {
	if path == "/" {
		return "/" + name
	}
	return path + "/" + name
}

// base returns the last name of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// checkPath refuses what the server would refuse.
func checkPath(path string) error {
	if path == "" || path[0] != '/' || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return zk.ErrInvalidPath
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return zk.ErrInvalidPath
		}
	}
	return nil
}
