package container

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"path"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// walk calls do for each entry of a directory of the container, which may run, be
// paused or dead. A directory that is not there yet has none.
func (s *server) walk(ctx context.Context, dir string, do func(entry *tar.Header, content io.Reader) error) error {
	copied, err := s.cluster.engine.Client().CopyFromContainer(ctx, s.container().ID, client.CopyFromContainerOptions{SourcePath: dir})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer copied.Content.Close()
	archive := tar.NewReader(copied.Content)
	for {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(entry, archive); err != nil {
			return err
		}
	}
}

// eachFile is like walk, for plain files; do gets the last element of each path.
func (s *server) eachFile(ctx context.Context, dir string, do func(name string, content io.Reader) error) error {
	return s.walk(ctx, dir, func(entry *tar.Header, content io.Reader) error {
		if entry.Typeflag != tar.TypeReg {
			return nil
		}
		return do(path.Base(entry.Name), content)
	})
}

// untilWhole repeats a walk: a file that grows while it is copied breaks the
// engine's archive.
func untilWhole(ctx context.Context, walk func() error) (err error) {
	const tries = 5
	for range tries {
		if err = walk(); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}
