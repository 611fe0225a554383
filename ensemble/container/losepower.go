package container

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/moby/moby/api/types/mount"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

//go:embed forced.sh
var forcedCommands string

// logMounts has the volumes with the servers' transaction logs, each at /disks/<id>/log.
func (e *cluster) logMounts(nodes int) (mounts []mount.Mount) {
	for id := 1; id <= nodes; id++ {
		of := "/disks/" + strconv.Itoa(id)
		m := mount.Mount{Type: mount.TypeVolume, Source: e.diskOf(id), Target: of}
		if n := slices.Index(e.config.kept(), logDir); n >= 0 {
			m.Source, m.Target = e.volumeOf(id, n), of+"/log"
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// HoldForces keeps the server's transaction log from reaching its disk, or lets it. Epochs and snapshots reach it.
func (s *server) HoldForces(ctx context.Context, hold bool) error {
	return s.cluster.change(ctx, func(ctx context.Context) error { return s.holdForces(ctx, hold) })
}

func (s *server) holdForces(ctx context.Context, hold bool) error {
	command := "release"
	if hold {
		command = "hold"
	}
	err := s.cluster.tell(ctx, ensemble.CanLosePower, fmt.Sprintf("%s %d", command, s.id))
	if err == nil {
		s.held = hold
	}
	return err
}

// LosePower kills the server, with all others whose logs are held, and takes from its transaction log what was not forced
// to the disk. A snapshot stays, forced or not, and with it all that it has: Apache's servers refuse to start with a log and
// no snapshot.
func (s *server) LosePower(ctx context.Context, keep float64) (unforced, lost int, err error) {
	err = s.cluster.change(ctx, func(ctx context.Context) error {
		if err := s.cluster.missing[ensemble.CanLosePower]; err != nil {
			return err
		}
		if err := s.cutPower(ctx); err != nil {
			return err
		}
		unforced, lost, err = s.loseUnforced(ctx, keep)
		return all(err, s.holdForces(ctx, false))
	})
	return unforced, lost, err
}

// cutPower kills a server, and at the same time all others whose logs are held, which will lose their power, too. One that
// lived a little longer could lead, and a new leader takes a snapshot: nothing in that is lost. The caller has the turn.
func (s *server) cutPower(ctx context.Context) error {
	var kills errgroup.Group
	for _, other := range s.cluster.servers {
		if other == s || other.held {
			kills.Go(func() error {
				err := other.kill(ctx)
				if err == nil {
					other.ended = true
				}
				return err
			})
		}
	}
	return kills.Wait()
}

// loseUnforced cuts the log of a server that is down. The caller has the turn.
func (s *server) loseUnforced(ctx context.Context, keep float64) (unforced, lost int, err error) {
	files, err := s.logFiles(ctx)
	if err != nil {
		return 0, 0, engineErr("read its transaction log", err)
	}
	records := recordsOf(files)
	safe, err := s.forcedUpTo(ctx, records)
	if err != nil {
		return 0, 0, engineErr("look what it has forced", err)
	}
	from := slices.IndexFunc(records, func(r logRecord) bool { return uint64(r.zxid) > uint64(safe) })
	if from < 0 {
		return 0, 0, nil
	}
	unforced = len(records) - from
	kept := int(keep * float64(unforced+1))
	for _, command := range losing(s.id, records, from+kept) {
		if err := s.cluster.tell(ctx, ensemble.CanLosePower, command); err != nil {
			return 0, 0, err
		}
	}
	if kept > 0 {
		safe = records[from+kept-1].zxid
	}
	s.forced = safe
	return unforced, unforced - kept, nil
}

// logRecord is where a transaction is in a log.
type logRecord struct {
	zxid history.ID
	file history.ID // the first zxid of its file
	end  int64      // the place behind it
}

func recordsOf(files []logFile) (records []logRecord) {
	for _, f := range files {
		for _, e := range f.entries {
			records = append(records, logRecord{e.Txn.Zxid, f.zxid, e.End})
		}
	}
	return records
}

// losing returns the commands for the helper that leave only records[:n] of a server's log.
func losing(id int, records []logRecord, n int) (commands []string) {
	for i := n; i < len(records); i++ {
		switch file := records[i].file; {
		case i > n && records[i-1].file == file: // done
		case i > 0 && records[i-1].file == file:
			commands = append(commands, fmt.Sprintf("shorten %d %s %d", id, logName(file), records[i-1].end))
		default:
			commands = append(commands, fmt.Sprintf("remove %d %s", id, logName(file)))
		}
	}
	return commands
}

func logName(zxid history.ID) string { return fmt.Sprintf("%s%x", logPrefix, uint64(zxid)) }

// forcedUpTo returns the zxid up to which nothing can be lost: it was forced to the disk, or is in a snapshot, or an
// earlier loss of power has left it.
func (s *server) forcedUpTo(ctx context.Context, records []logRecord) (safe history.ID, err error) {
	snapshots, err := s.snapshots(ctx)
	if err != nil {
		return 0, err
	}
	file, end, err := s.noted(ctx)
	if err != nil {
		return 0, err
	}
	safe = s.forced
	for _, zxid := range snapshots {
		safe = later(safe, zxid)
	}
	for _, r := range records {
		if uint64(r.file) < uint64(file) || r.file == file && r.end <= end {
			safe = later(safe, r.zxid)
		}
	}
	return safe, nil
}

func later(a, b history.ID) history.ID { return history.ID(max(uint64(a), uint64(b))) }

// noted returns which log the server has forced last, and up to where; zeros if it has forced none.
func (s *server) noted(ctx context.Context) (file history.ID, end int64, err error) {
	err = s.eachFile(ctx, forcedLibrary.of(s.id), func(name string, content io.Reader) error {
		if name != "forced" {
			return nil
		}
		var log string
		if _, err := fmt.Fscan(content, &log, &end); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		zxid, ok := zxidOf(log, logPrefix)
		if !ok {
			return fmt.Errorf("%s names %q, which is no log", name, log)
		}
		file = zxid
		return nil
	})
	return file, end, err
}
