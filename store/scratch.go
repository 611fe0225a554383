package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/filelock"
)

// Scratch is a store in the temporary folder, for example of a test whose run is kept if the test
// fails. Its owner is the name by which Prune finds older Scratch folders. A Scratch is not safe
// for concurrent use.
type Scratch struct {
	Dir  string
	mark *os.File // locked while the process uses the folder
}

// markFile is a file in every scratch folder that contains the owner's name.
const markFile = ".zklab-scratch"

// scratchPattern is the pattern of the folders' names for os.MkdirTemp.
const scratchPattern = "zklab-%s-"

// ScratchKept is the number of folders that Prune keeps for one owner.
const ScratchKept = 3

// NewScratch makes a scratch folder whose name contains name. The folder is in use until Release,
// Discard, or the end of the process.
func NewScratch(name, owner string) (*Scratch, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf(scratchPattern, name))
	if err != nil {
		return nil, err
	}
	s := &Scratch{Dir: dir}
	s.mark, err = os.OpenFile(filepath.Join(dir, markFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = s.mark.WriteString(owner)
	}
	if err != nil {
		return nil, errors.Join(err, s.Discard())
	}
	_ = filelock.Try(s.mark) // without file locks, other processes cannot tell that it is in use
	return s, nil
}

// Release ends the use of the folder by this process, and keeps the folder. It may be called more
// than once.
func (s *Scratch) Release() { s.mark.Close() }

// Discard removes the folder.
func (s *Scratch) Discard() error {
	if s.mark != nil {
		s.Release()
	}
	return os.RemoveAll(s.Dir)
}

// Prune removes the oldest folders of the owner, so that [ScratchKept] remain, this one included.
// It keeps folders that are in use.
func (s *Scratch) Prune(owner string) error {
	old := slices.DeleteFunc(scratches(), func(f scratch) bool { return f.owner != owner || f.dir == s.Dir })
	_, _, err := removeScratches(old[:max(0, len(old)-(ScratchKept-1))], true)
	return err
}

// CleanScratch returns the paths of this user's scratch folders that were made before a time: those that no
// process uses, which it removes if it is told to, and those that are in use.
func CleanScratch(before time.Time, remove bool) (unused, used []string, err error) {
	old := slices.DeleteFunc(scratches(), func(f scratch) bool { return f.made >= before.UnixNano() })
	return removeScratches(old, remove)
}

// user returns the number of the user of this process. Tests replace it.
var user = os.Geteuid

// scratch is a scratch folder found on disk.
type scratch struct {
	dir, owner string
	made       int64
}

// scratches returns the scratch folders in the temporary folder that belong to this user, oldest first. It
// goes by the owner of a folder, since root could remove the folders of all users.
func scratches() (all []scratch) {
	// The pattern is well-formed, and files that cannot be read belong to other users.
	marks, _ := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf(scratchPattern, "*")+"*", markFile))
	for _, mark := range marks {
		dir := filepath.Dir(mark)
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !madeBy(info, user()) {
			continue // this also skips a link to somewhere else
		}
		owner, err := os.ReadFile(mark)
		info, statErr := os.Lstat(mark)
		if err == nil && statErr == nil && info.Mode().IsRegular() {
			all = append(all, scratch{dir, string(owner), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(all, func(a, b scratch) int {
		return cmp.Or(cmp.Compare(a.made, b.made), strings.Compare(a.dir, b.dir))
	})
	return all
}

func removeScratches(of []scratch, remove bool) (unused, used []string, err error) {
	for _, s := range of {
		inUse, failed := s.used(remove)
		switch {
		case inUse:
			used = append(used, s.dir)
		case failed == nil:
			unused = append(unused, s.dir)
		case !errors.Is(failed, fs.ErrPermission): // no permission: another user's
			err = errors.Join(err, failed)
		}
	}
	return unused, used, err
}

// used reports whether a process uses the folder. If none does, it removes the folder if it is told to.
func (s scratch) used(remove bool) (used bool, err error) {
	mark, err := os.OpenFile(filepath.Join(s.dir, markFile), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) { // another process was faster
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer mark.Close()
	if errors.Is(filelock.Try(mark), filelock.ErrHeld) {
		return true, nil
	}
	if !remove {
		return false, nil
	}
	return false, os.RemoveAll(s.dir)
}
