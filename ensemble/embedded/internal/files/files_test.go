package files

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/ensemble/embedded/internal/server"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/zk/txnlog"
	"github.com/zklab/zklab/internal/zk/wire"
)

// entry returns an entry that changes the tree each time it is applied.
func entry(zxid int64) zab.Entry {
	return server.Restored(&tree.Txn{Zxid: zxid, Session: 7, Time: 1000 * zxid, Op: wire.CreateSession, Body: &tree.CreateSession{Timeout: 1e9}})
}

func zx(epoch, counter int64) int64 { return epoch<<32 | counter }

// mustOpen opens the files of a server, which must succeed.
func mustOpen(t interface {
	Helper()
	Fatal(...any)
}, dir string, fsync bool,
) *Server {
	t.Helper()
	s, err := open(dir, fsync, func(err error) { t.Fatal(err) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// zxids lists the zxids of a log.
func zxids(log []zab.Entry) (all []int64) {
	for _, e := range log {
		all = append(all, e.Zxid)
	}
	return all
}

// Everything written is found when the files are opened again, whatever happened before, and however
// the process ended.
func TestFilesHoldWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir := must.Get(os.MkdirTemp("", "files"))(t)
		defer os.RemoveAll(dir)
		want := zab.Stored{Base: server.NewState()}
		s := mustOpen(t, dir, rapid.Bool().Draw(t, "fsync"))
		last := func() int64 {
			if n := len(want.Log); n > 0 {
				return want.Log[n-1].Zxid
			}
			return want.BaseZxid
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			ok := true
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				var more []zab.Entry
				for range rapid.IntRange(1, 4).Draw(t, "entries") {
					zxid := last() + 1
					if len(more) > 0 {
						zxid = more[len(more)-1].Zxid + 1
					}
					more = append(more, entry(zxid))
				}
				want.Log = append(want.Log, more...)
				ok = s.Append(more)
			case 2:
				keep := rapid.IntRange(0, len(want.Log)).Draw(t, "keep")
				want.Log = slices.Clone(want.Log[:keep])
				ok = s.Cut(last())
			case 3:
				want.Accepted++
				if rapid.Bool().Draw(t, "enters") {
					want.Current = want.Accepted
				}
				ok = s.Epochs(want.Accepted, want.Current)
			case 4:
				n := rapid.IntRange(0, len(want.Log)).Draw(t, "folded")
				for _, e := range want.Log[:n] {
					want.Base.Apply(e)
					want.BaseZxid = e.Zxid
				}
				want.Log = slices.Clone(want.Log[n:])
				ok = s.Replace(want.Base, want.BaseZxid, want.Log)
			case 5:
				if rapid.Bool().Draw(t, "closed") {
					s.Close()
				} else {
					defer s.log.Close() // the process was killed
				}
				s = mustOpen(t, dir, false)
			}
			if !ok {
				t.Fatal("not written")
			}
		}
		s.Close()
		s = mustOpen(t, dir, false)
		defer s.Close()
		got := s.stored
		if d := cmp.Diff(zxids(want.Log), zxids(got.Log)); d != "" || got.BaseZxid != want.BaseZxid {
			t.Fatalf("base %#x, want %#x; %s", got.BaseZxid, want.BaseZxid, d)
		}
		if got.Accepted != want.Accepted || got.Current != want.Current {
			t.Fatalf("epochs %d and %d", got.Accepted, got.Current)
		}
		if d := want.Base.(server.State).Tree.Diff(got.Base.(server.State).Tree); d != "" {
			t.Fatal(d)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 3 {
			t.Fatalf("left: %v", left)
		}
	})
}

// written creates the files of a server with five transactions after a snapshot.
func written(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := mustOpen(t, dir, false)
	base := server.NewState()
	base.Apply(entry(zx(1, 1)))
	ok := s.Epochs(1, 1) && s.Replace(base, zx(1, 1), nil)
	for n := range int64(5) {
		ok = ok && s.Append([]zab.Entry{entry(zx(1, 2+n))})
	}
	if err := s.Close(); err != nil || !ok {
		t.Fatal(err)
	}
	return dir
}

// A server that is killed while it writes leaves at most a part of its last record, which it has not
// acknowledged to anybody.
func TestLastRecordIsCutOff(t *testing.T) {
	dir := written(t)
	path := filepath.Join(dir, "log.100000001")
	whole := must.Get(os.ReadFile(path))(t)
	size := (len(whole) - len(txnlog.FileHeader())) / 5
	for cut := range size {
		must.Do(t, os.WriteFile(path, whole[:len(whole)-cut], 0o600))
		s := mustOpen(t, dir, false)
		want := zx(1, 6)
		if cut > 0 {
			want = zx(1, 5)
		}
		if s.last() != want {
			t.Errorf("%d bytes short: up to %#x", cut, s.last())
		}
		// New entries are written after the complete ones.
		if cut > 0 && !s.Append([]zab.Entry{entry(zx(1, 6))}) {
			t.Error("not written")
		}
		s.Close()
		s = mustOpen(t, dir, false)
		if s.last() != zx(1, 6) {
			t.Errorf("%d bytes short, and written again: up to %#x", cut, s.last())
		}
		s.Close()
	}
}

// Each damaged file is reported in one line that names it.
func TestDamage(t *testing.T) {
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte {
			b[(at+len(b))%len(b)] ^= 1
			return b
		}
	}
	for _, tt := range []struct {
		name, file string
		change     func([]byte) []byte // nil: the file is removed
		says       string
	}{
		{"mark of the log", "log.100000001", flip(0), "log.100000001: "},
		{"first record", "log.100000001", flip(40), "record 1: "},
		{"last record", "log.100000001", flip(-3), "record 5: "},
		{"empty log", "log.100000001", func([]byte) []byte { return nil }, "it is cut off"},
		{"a record is missing", "log.100000001", func(b []byte) []byte {
			size := (len(b) - 16) / 5
			return append(bytes.Clone(b[:16+size]), b[16+2*size:]...)
		}, "record 2: "},
		{"no transaction", "log.100000001", func(b []byte) []byte { return txnlog.AppendRecord(b, []byte("x")) }, "record 6: "},
		{"snapshot", "snapshot.100000001", flip(-1), "the checksum does not fit"},
		{"mark of the snapshot", "snapshot.100000001", flip(0), "it is not a snapshot"},
		{"short snapshot", "snapshot.100000001", func(b []byte) []byte { return b[:5] }, "it is not a snapshot"},
		{"no snapshot", "snapshot.100000001", nil, "it is gone"},
		{"epochs", "epochs", flip(0), "are not epochs"},
		{"epochs of before", "epochs", func([]byte) []byte { return []byte("accepted 0\ncurrent 0\n") }, "epoch 0 is before"},
		{"no epochs", "epochs", nil, "epoch 0 is before"},
		{"current after accepted", "epochs", func([]byte) []byte { return []byte("accepted 1\ncurrent 2\n") }, "are not epochs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(written(t), tt.file)
			if tt.change == nil {
				os.Remove(path)
			} else {
				b := must.Get(os.ReadFile(path))(t)
				must.Do(t, os.WriteFile(path, tt.change(b), 0o600))
			}
			s, err := open(filepath.Dir(path), false, func(error) {})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// Remains of an interrupted change are not mistaken for a server's files.
func TestInterruptedChange(t *testing.T) {
	dir := written(t)
	for name, content := range map[string]string{
		"snapshot.100000004": "begun", "log.100000004.7-1" + atomicfile.Unfinished: "begun", "epochs.7-2" + atomicfile.Unfinished: "begun",
		"log.0": "old", "snapshot.0": "old",
	} {
		must.Do(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	s := mustOpen(t, dir, false)
	defer s.Close()
	if s.last() != zx(1, 6) {
		t.Errorf("up to %#x", s.last())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 3 {
		t.Errorf("left: %v", left)
	}
}

// After the first failure nothing more is written, and the failure is reported once.
func TestFailureIsToldOnce(t *testing.T) {
	dir, told := t.TempDir(), 0
	s := must.Get(open(dir, false, func(error) { told++ }))(t)
	if !s.Epochs(1, 1) || !s.Append([]zab.Entry{entry(zx(1, 1))}) {
		t.Fatal("not written")
	}
	s.log.Close()
	if s.Append([]zab.Entry{entry(zx(1, 2))}) || s.Cut(0) || s.Epochs(2, 2) || s.Replace(server.NewState(), 0, nil) || told != 1 {
		t.Errorf("written, or told %d times", told)
	}
	s.log = nil
	again := mustOpen(t, dir, false)
	defer again.Close()
	if again.last() != zx(1, 1) || again.stored.Accepted != 1 {
		t.Errorf("up to %#x, epoch %d", again.last(), again.stored.Accepted)
	}
}

// Tools for ZooKeeper's logs can read the log.
func TestLogIsZooKeepers(t *testing.T) {
	f := must.Get(os.Open(filepath.Join(written(t), "log.100000001")))(t)
	defer f.Close()
	entries, err := txnlog.ReadFile(f)
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if x := entries[4].Txn; int64(x.Zxid) != zx(1, 6) || x.Session != 7 || x.Type != "createSession" || x.Timeout != 1e9 {
		t.Errorf("%+v", x)
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := must.Get(Open(dir, 3, 1, false))(t)
	if _, err := Open(dir, 3, 1, false); !errors.Is(err, ErrInUse) || strings.Contains(err.Error(), "\n") {
		t.Errorf("twice at once: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	f = must.Get(Open(dir, 3, 1, false))(t)
	f.Close()
	for _, other := range [][2]int{{1, 0}, {3, 0}, {4, 0}} {
		if _, err := Open(dir, other[0], other[1], false); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "is of 3 servers and 1 observers") {
			t.Errorf("%v: %v", other, err)
		}
	}
	for content, want := range map[string]error{"{": ErrDamaged, `{"format":2}`: ErrOther, `{"format":"x"}`: ErrDamaged} {
		must.Do(t, os.WriteFile(filepath.Join(dir, ensembleName), []byte(content), 0o600))
		if _, err := Open(dir, 3, 1, false); !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", content, err)
		}
	}
	home := t.TempDir()
	must.Do(t, os.WriteFile(filepath.Join(home, "thesis.tex"), nil, 0o600))
	if _, err := Open(home, 3, 0, false); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "holds thesis.tex") {
		t.Errorf("among other files: %v", err)
	}
	if _, err := Open(filepath.Join(home, "thesis.tex"), 3, 0, false); err == nil {
		t.Error("in a file")
	}
}
