package filelock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/zklab/zklab/internal/base/filelock"
)

// A lock keeps others out as long as its file is open, and no longer.
func TestTry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second := open(), open()
	if err := filelock.Try(first); err != nil {
		t.Fatal(err)
	}
	if err := filelock.Try(second); !errors.Is(err, filelock.ErrHeld) {
		t.Errorf("the second one: %v", err)
	}
	first.Close()
	if err := filelock.Try(second); err != nil {
		t.Errorf("after the first one is closed: %v", err)
	}
}
