package container

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/txnlog"
)

var errNoLog = errors.New("no server has a transaction log where its configuration says")

// Transactions reads the transaction logs of all servers and gives what a
// majority of them holds. It works with servers that are paused or down, too.
func (e *cluster) Transactions(ctx context.Context) ([]history.Txn, error) {
	logs := make([]txnlog.Log, len(e.servers))
	for i, s := range e.servers {
		var err error
		if logs[i], err = s.readLog(ctx); err != nil {
			return nil, engineErr(fmt.Sprintf("read the transaction log of server %d", s.id), err)
		}
	}
	if !slices.ContainsFunc(logs, func(l txnlog.Log) bool { return len(l.Entries) > 0 }) {
		return nil, errNoLog // the look at the ensemble's health alone writes something
	}
	return txnlog.Committed(logs)
}

// readLog tries again when a file grew while it was copied.
func (s *server) readLog(ctx context.Context) (log txnlog.Log, err error) {
	for range copyTries {
		if log, err = s.tryLog(ctx); err == nil || errors.Is(err, txnlog.ErrDamaged) || ctx.Err() != nil {
			break
		}
	}
	return log, err
}

func (s *server) tryLog(ctx context.Context) (log txnlog.Log, err error) {
	files := map[history.ID][]txnlog.Entry{}
	err = s.eachFile(ctx, path.Join(s.cluster.folders.log, "version-2"), func(name string, content io.Reader) error {
		zxid, ok := zxidOf(name, "log.")
		if !ok {
			return nil
		}
		entries, err := txnlog.ReadFile(content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		files[zxid] = entries
		return nil
	})
	if err != nil {
		return log, err
	}
	for _, zxid := range slices.SortedFunc(maps.Keys(files), func(a, b history.ID) int { return cmp.Compare(uint64(a), uint64(b)) }) {
		log.Entries = append(log.Entries, files[zxid]...)
	}
	err = s.eachFile(ctx, path.Join(s.cluster.folders.data, "version-2"), func(name string, _ io.Reader) error {
		if zxid, ok := zxidOf(name, "snapshot."); ok && uint64(zxid) > uint64(log.Snapshot) {
			log.Snapshot = zxid
		}
		return nil
	})
	return log, err
}

// zxidOf reads the zxid in the name of a log or a snapshot, in hexadecimal.
// Others' names, and snapshots that are compressed, are not ours to read.
func zxidOf(name, prefix string) (history.ID, bool) {
	hex, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	zxid, err := strconv.ParseUint(hex, 16, 64)
	return history.ID(zxid), err == nil
}

// eachFile calls do for each plain file of a directory of the container. One
// that is not there yet has none.
func (s *server) eachFile(ctx context.Context, dir string, do func(name string, content io.Reader) error) error {
	copied, err := s.engine.CopyFromContainer(ctx, s.container, client.CopyFromContainerOptions{SourcePath: dir})
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
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		if err := do(path.Base(entry.Name), archive); err != nil {
			return err
		}
	}
}
