package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/internal/base/advice"
)

// ErrNotARun reports that a path does not name a run.
var ErrNotARun = errors.New("no run")

// notARun is an ErrNotARun that says what the path is and what to do about it.
type notARun struct{ text string }

func (e *notARun) Error() string        { return e.text }
func (e *notARun) Is(target error) bool { return target == ErrNotARun }

func notRun(format string, args ...any) error { return &notARun{fmt.Sprintf(format, args...)} }

// Open opens the run that a user named: by its folder, a link to it, a history file, a name in the
// root folder (lock/2026-01-02T15-04-05.678Z), or "latest". It does not read the history. If path
// names no run, the error wraps ErrNotARun.
func Open(root, path string) (*Run, error) {
	path = find(root, path)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, absent(root, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open a run: %w", err)
	}
	if !info.IsDir() {
		return openFile(root, path)
	}
	return openDir(path)
}

// find resolves path. A path that exists comes before a name in the root folder; "latest" is always
// a name in the root folder.
func find(root, path string) string {
	inRoot := filepath.Join(root, path)
	if path == Latest {
		return inRoot
	}
	if _, err := os.Lstat(path); err == nil || filepath.IsAbs(path) {
		return path
	}
	if _, err := os.Lstat(inRoot); path != "" && err == nil {
		return inRoot
	}
	return path
}

func openFile(root, path string) (*Run, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeDevice != 0 { // which may have no end
		return nil, notRun("%s is a device, not a history", path)
	}
	dir := readLatest(path)
	if dir == "" {
		return &Run{history: path}, nil
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, absent(root, path)
	}
	return openDir(dir)
}

func openDir(dir string) (*Run, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("open a run: %w", err)
	}
	r := &Run{Dir: real}
	if r.recorded() == nil {
		return r, nil
	}
	if inside := newestInside(real); inside != "" {
		return nil, notRun("%s is not a run: it has no %s; the newest run in it is %s", dir, historyFile, inside)
	}
	return nil, notRun("%s is not a run: it has no %s; name the folder of a run, a history file, or latest", dir, historyFile)
}

// newestInside returns the newest run in a root or in the folder of a recipe.
func newestInside(dir string) string {
	runs, _ := Find(dir)
	if len(runs) == 0 {
		runs = findIn(dir)
	}
	if len(runs) == 0 {
		return ""
	}
	return runs[0].Dir
}

// absent returns an error that says what is missing: the path itself, or the target of a link.
func absent(root, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return notRun("%s points to a run that no longer exists; name the folder of another run", path)
	}
	if path == filepath.Join(root, Latest) {
		return notRun("there is no run in %s yet: %s", root, advice.FirstRun.Text())
	}
	return notRun("%s does not exist; name the folder of a run, a history file, or latest", path)
}
