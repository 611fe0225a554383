package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/txnlog"
)

var errNoLog = errors.New("no server has a transaction log where its configuration says")

// Transactions reads the transaction logs of all servers and returns the transactions that a majority
// of them holds. It also works while servers are paused or down.
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

func (s *server) readLog(ctx context.Context) (log txnlog.Log, err error) {
	err = untilWhole(ctx, func() error {
		log, err = s.tryLog(ctx)
		return err
	})
	before := s.emptied
	return txnlog.Log{
		Entries: slices.Concat(before.Entries, log.Entries), Snapshots: slices.Concat(before.Snapshots, log.Snapshots),
		Damaged: slices.Concat(before.Damaged, log.Damaged),
	}, err
}

func (s *server) tryLog(ctx context.Context) (log txnlog.Log, err error) {
	files, err := s.logFiles(ctx)
	if err != nil {
		return log, err
	}
	for _, f := range files {
		log.Entries = append(log.Entries, f.entries...)
		if f.damaged {
			log.Damaged = append(log.Damaged, lastOf(f.entries, f.zxid))
		}
	}
	log.Snapshots, err = s.snapshots(ctx)
	return log, err
}

// logFile is a file of a server's transaction log.
type logFile struct {
	zxid    history.ID // with which it begins
	entries []txnlog.Entry
	damaged bool // behind them
}

const logPrefix = "log." // of such a file's name

// logFiles returns the files of the log in their order.
func (s *server) logFiles(ctx context.Context) (files []logFile, err error) {
	err = s.eachFile(ctx, s.versions().log, func(name string, content io.Reader) error {
		zxid, ok := zxidOf(name, logPrefix)
		if !ok {
			return nil
		}
		entries, err := txnlog.ReadFile(content)
		damaged := errors.Is(err, txnlog.ErrDamaged) // a disk that was full leaves that behind; the others' logs decide
		if err != nil && !damaged {
			return fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, logFile{zxid, entries, damaged})
		return nil
	})
	slices.SortFunc(files, func(a, b logFile) int { return cmp.Compare(uint64(a.zxid), uint64(b.zxid)) })
	return files, err
}

// snapshots returns the zxids of the server's snapshots.
func (s *server) snapshots(ctx context.Context) (zxids []history.ID, err error) {
	err = s.eachFile(ctx, s.versions().data, func(name string, _ io.Reader) error {
		if zxid, ok := zxidOf(name, "snapshot."); ok {
			zxids = append(zxids, zxid)
		}
		return nil
	})
	return zxids, err
}

// lastOf returns the last zxid of a file before its damage. first is the first zxid, which is part of
// the file's name.
func lastOf(entries []txnlog.Entry, first history.ID) history.ID {
	if len(entries) == 0 {
		return first - 1
	}
	return entries[len(entries)-1].Txn.Zxid
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
