package filelock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A lock keeps others out as long as its file is open, and no longer.
func TestTry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		f := must.Get(os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644))(t)
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	must.Do(t, filelock.Try(first))
	if err := filelock.Try(second); !errors.Is(err, filelock.ErrHeld) {
		t.Errorf("the second one: %v", err)
	}
	if !filelock.Held(path) || filelock.Held(path+"2") {
		t.Error("the lock is not seen, or one of a file that there is not")
	}
	first.Close()
	if filelock.Held(path) {
		t.Error("the lock is seen after the first one is closed")
	}
	if err := filelock.Try(second); err != nil {
		t.Errorf("after the first one is closed: %v", err)
	}
}
