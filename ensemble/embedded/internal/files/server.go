package files

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/zklab/zklab/ensemble/embedded/internal/server"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/zk/txnlog"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Server is the files of one server: a zab.Files, for one goroutine at a time.
type Server struct {
	dir    string
	fsync  bool
	failed func(error)
	broken bool // what failed was told

	stored zab.Stored // what there was when it was opened
	base   int64      // zxid that the names of snapshot and log have
	log    *os.File
	ends   []end // of the records in log, by zxid
	buf    []byte
}

// end is where in the log a record ends.
type end struct {
	zxid   int64
	offset int64
}

const (
	epochsName   = "epochs"
	logName      = "log."
	snapshotName = "snapshot."
)

func (s *Server) path(name string, zxid int64) string {
	return filepath.Join(s.dir, name+strconv.FormatInt(zxid, 16))
}

func open(dir string, fsync bool, failed func(error)) (*Server, error) {
	s := &Server{dir: dir, fsync: fsync, failed: failed}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, read := range []func() error{s.findBase, s.readEpochs, s.readSnapshot, s.readLog} {
		if err := read(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	// Nothing of an epoch is written before that was promised.
	if last := s.last(); last>>32 > s.stored.Accepted {
		return nil, errors.Join(s.damaged(epochsName, fmt.Errorf("epoch %d is before that of transaction %#x", s.stored.Accepted, last)), s.Close())
	}
	s.tidy()
	return s, nil
}

// Disk returns the disk as it was; it writes to the files from now on.
func (s *Server) Disk() *zab.Disk {
	d := zab.RestoreDisk(s.stored, s)
	s.stored = zab.Stored{}
	return d
}

// Close writes down what the operating system has.
func (s *Server) Close() error {
	if s.log == nil {
		return nil
	}
	defer func() { s.log = nil }()
	return errors.Join(s.log.Sync(), s.log.Close())
}

func (s *Server) damaged(name string, err error) error {
	return fmt.Errorf("%w: %s: %w: restore it, or begin with another folder", ErrDamaged, filepath.Join(s.dir, name), err)
}

// findBase finds the newest log: one that got its name is complete.
func (s *Server) findBase() error {
	logs, err := s.named(logName)
	if err != nil || len(logs) == 0 {
		return err
	}
	s.base = logs[len(logs)-1]
	return nil
}

// named returns the zxids of files, in order.
func (s *Server) named(prefix string) ([]int64, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var zxids []int64
	for _, e := range entries {
		hex, ok := strings.CutPrefix(e.Name(), prefix)
		if zxid, err := strconv.ParseInt(hex, 16, 64); ok && err == nil {
			zxids = append(zxids, zxid)
		}
	}
	sort.Slice(zxids, func(i, j int) bool { return zxids[i] < zxids[j] })
	return zxids, nil
}

// tidy removes older files that are left, and newer ones that were not finished. A file that cannot be
// removed does no harm.
func (s *Server) tidy() {
	for _, prefix := range []string{logName, snapshotName} {
		zxids, _ := s.named(prefix)
		for _, zxid := range zxids {
			if zxid != s.base {
				os.Remove(s.path(prefix, zxid))
			}
		}
	}
	left, _ := filepath.Glob(filepath.Join(s.dir, "*"+atomicfile.Unfinished))
	for _, path := range left {
		os.Remove(path)
	}
}

func (s *Server) readEpochs() error {
	b, err := os.ReadFile(filepath.Join(s.dir, epochsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil // it never promised anything
	}
	if err != nil {
		return err
	}
	st := &s.stored
	if n, err := fmt.Sscanf(string(b), "accepted %d\ncurrent %d\n", &st.Accepted, &st.Current); err != nil || n != 2 || st.Current < 0 || st.Accepted < st.Current {
		return s.damaged(epochsName, fmt.Errorf("%.80q are not epochs", b))
	}
	return nil
}

// A snapshot is a mark, a checksum of the rest, and the rest.
const (
	snapshotMark   = "zklab tree 1\n"
	snapshotHeader = len(snapshotMark) + 4
)

func (s *Server) readSnapshot() error {
	name := filepath.Base(s.path(snapshotName, s.base))
	b, err := os.ReadFile(s.path(snapshotName, s.base))
	if errors.Is(err, os.ErrNotExist) && s.base == 0 {
		s.stored.Base = server.NewState()
		return nil
	}
	if errors.Is(err, os.ErrNotExist) {
		return s.damaged(name, errors.New("it is gone"))
	}
	if err != nil {
		return err
	}
	if len(b) < snapshotHeader || string(b[:len(snapshotMark)]) != snapshotMark {
		return s.damaged(name, errors.New("it is not a snapshot"))
	}
	rest := b[snapshotHeader:]
	if sum := wire.NewDecoder(b[len(snapshotMark):]).Int(); uint32(sum) != crc32.ChecksumIEEE(rest) {
		return s.damaged(name, errors.New("the checksum does not fit"))
	}
	t, err := tree.ReadTree(rest)
	if err != nil {
		return s.damaged(name, err)
	}
	s.stored.Base, s.stored.BaseZxid = server.State{Tree: t}, s.base
	return nil
}

func snapshot(base zab.State) [][]byte {
	rest := tree.AppendTree(nil, base.(server.State).Tree)
	return [][]byte{wire.AppendInt([]byte(snapshotMark), int32(crc32.ChecksumIEEE(rest))), rest}
}

// readLog reads the log, or begins one. A last record that is cut off was being written when the server
// was killed, which had not acknowledged it.
func (s *Server) readLog() error {
	path := s.path(logName, s.base)
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		if err := atomicfile.Write(path, private, txnlog.FileHeader()); err != nil {
			return err
		}
		f, err = os.OpenFile(path, os.O_RDWR, 0o600)
	}
	if err != nil {
		return err
	}
	s.log = f
	size, err := txnlog.Scan(f, s.readRecord)
	if errors.Is(err, txnlog.ErrDamaged) || errors.Is(err, tree.ErrRecord) {
		return s.damaged(filepath.Base(path), err)
	}
	if err != nil {
		return err
	}
	if size == 0 { // not even the header
		return s.damaged(filepath.Base(path), errors.New("it is cut off"))
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	_, err = f.Seek(size, 0)
	return err
}

func (s *Server) readRecord(record []byte, offset int64) error {
	x, err := tree.ReadTxn(record)
	if err != nil {
		return err
	}
	if last := s.last(); !follows(last, x.Zxid) {
		return fmt.Errorf("%w: %#x does not follow %#x", txnlog.ErrDamaged, x.Zxid, last)
	}
	s.stored.Log = append(s.stored.Log, server.Restored(x))
	s.ends = append(s.ends, end{x.Zxid, offset})
	return nil
}

// follows reports whether one transaction may stand behind another: without a gap,
// or as the first of an epoch.
func follows(last, next int64) bool {
	return next == last+1 || next>>32 > last>>32 && next&0xffffffff == 1
}

// last returns the zxid of the last transaction in the files.
func (s *Server) last() int64 {
	if n := len(s.ends); n > 0 {
		return s.ends[n-1].zxid
	}
	return s.base
}

// Append implements zab.Files.
func (s *Server) Append(entries []zab.Entry) bool {
	if s.broken { // a half-written record must stay the end
		return false
	}
	offset := s.size()
	s.buf = s.buf[:0]
	first := len(s.ends)
	for _, e := range entries {
		s.buf = txnlog.AppendRecord(s.buf, tree.AppendTxn(nil, server.Txn(e)))
		s.ends = append(s.ends, end{e.Zxid, offset + int64(len(s.buf))})
	}
	err := s.write(s.buf)
	if err != nil {
		s.ends = s.ends[:first]
	}
	if cap(s.buf) > 1<<20 {
		s.buf = nil
	}
	return s.ok(err)
}

func (s *Server) write(b []byte) error {
	if s.log == nil {
		return os.ErrClosed
	}
	_, err := s.log.Write(b)
	if err == nil && s.fsync {
		err = s.log.Sync()
	}
	return err
}

// size returns where the log ends.
func (s *Server) size() int64 {
	if n := len(s.ends); n > 0 {
		return s.ends[n-1].offset
	}
	return int64(len(txnlog.FileHeader()))
}

// Cut implements zab.Files.
func (s *Server) Cut(last int64) bool {
	if s.broken || s.log == nil {
		return s.ok(os.ErrClosed)
	}
	keep := sort.Search(len(s.ends), func(i int) bool { return s.ends[i].zxid > last })
	s.ends = s.ends[:keep]
	err := s.log.Truncate(s.size())
	if err == nil {
		_, err = s.log.Seek(s.size(), 0)
	}
	if err == nil && s.fsync {
		err = s.log.Sync()
	}
	return s.ok(err)
}

// Epochs implements zab.Files.
func (s *Server) Epochs(accepted, current int64) bool {
	if s.broken {
		return false
	}
	return s.ok(atomicfile.Write(filepath.Join(s.dir, epochsName), private, fmt.Appendf(nil, "accepted %d\ncurrent %d\n", accepted, current)))
}

// Replace implements zab.Files.
func (s *Server) Replace(base zab.State, baseZxid int64, log []zab.Entry) bool {
	if s.broken {
		return false
	}
	return s.ok(s.renew(base, baseZxid, log))
}

func (s *Server) renew(base zab.State, zxid int64, log []zab.Entry) error {
	if err := atomicfile.Write(s.path(snapshotName, zxid), private, snapshot(base)...); err != nil {
		return err
	}
	b := txnlog.FileHeader()
	var ends []end
	for _, e := range log {
		b = txnlog.AppendRecord(b, tree.AppendTxn(nil, server.Txn(e)))
		ends = append(ends, end{e.Zxid, int64(len(b))})
	}
	path := s.path(logName, zxid)
	if err := atomicfile.Write(path, private, b); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Seek(int64(len(b)), 0); err != nil {
		return errors.Join(err, f.Close())
	}
	old := s.log
	s.log, s.base, s.ends = f, zxid, ends
	s.tidy()
	if old != nil {
		old.Close() // all of it is in the new one
	}
	return nil
}

// ok reports whether no write has failed yet. It reports the first failure to failed; after that the
// files stay as they are.
func (s *Server) ok(err error) bool {
	if err != nil && !s.broken {
		s.broken = true
		s.failed(err)
	}
	return !s.broken
}
