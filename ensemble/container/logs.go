package container

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// CollectLogs copies, for each server, its log to zookeeper.log, its
// configuration to conf/, and its transaction logs and snapshots to version-2/,
// all in dir/<id>/. It works with servers that are paused or dead, too.
func (e *cluster) CollectLogs(ctx context.Context, dir string) error {
	var group errgroup.Group // not cut short: what can be had, is wanted
	for _, s := range e.servers {
		group.Go(func() error {
			if err := s.collect(ctx, filepath.Join(dir, strconv.Itoa(s.id))); err != nil {
				return engineErr(fmt.Sprintf("collect logs of server %d", s.id), err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *server) collect(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return all(
		s.saveLog(ctx, root, "zookeeper.log"),
		s.saveDir(ctx, root, confDir),
		s.saveDir(ctx, root, s.versions().log),
		s.saveDir(ctx, root, s.versions().data),
	)
}

func (s *server) saveLog(ctx context.Context, root *os.Root, name string) error {
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	return all(s.copyLog(ctx, f), f.Close())
}

// copyLog writes what the server printed, in its former containers, too.
func (s *server) copyLog(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what reads the log, also when w fails
	if _, err := w.Write(s.said); err != nil {
		return err
	}
	log, err := s.container().Logs(ctx)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = io.Copy(w, log)
	return err
}

// saveDir copies a directory of the container into root, under its last name.
// One that is not there yet is no error.
func (s *server) saveDir(ctx context.Context, root *os.Root, dir string) error {
	return untilWhole(ctx, func() error {
		return s.walk(ctx, dir, func(entry *tar.Header, content io.Reader) error { return extract(root, entry, content) })
	})
}

// extract takes directories and plain files; root keeps them inside.
func extract(root *os.Root, entry *tar.Header, content io.Reader) error {
	switch entry.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(filepath.FromSlash(path.Clean(entry.Name)), 0o755)
	case tar.TypeReg:
		f, err := root.Create(filepath.FromSlash(entry.Name))
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return all(err, f.Close())
	}
	return nil
}
