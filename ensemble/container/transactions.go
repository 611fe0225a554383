package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
	files := map[history.ID][]txnlog.Entry{}
	log = txnlog.Log{}
	err = s.eachFile(ctx, s.versions().log, func(name string, content io.Reader) error {
		zxid, ok := zxidOf(name, "log.")
		if !ok {
			return nil
		}
		entries, err := txnlog.ReadFile(content)
		if errors.Is(err, txnlog.ErrDamaged) { // a disk that was full leaves that behind; the others' logs decide
			log.Damaged = append(log.Damaged, lastOf(entries, zxid))
			err = nil
		}
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
	err = s.eachFile(ctx, s.versions().data, func(name string, _ io.Reader) error {
		if zxid, ok := zxidOf(name, "snapshot."); ok {
			log.Snapshots = append(log.Snapshots, zxid)
		}
		return nil
	})
	return log, err
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
