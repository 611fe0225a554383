// Package filelock prevents two processes from using one file at the same time. It does not know the
// content of the file.
package filelock

import (
	"errors"
	"os"
)

// ErrHeld means that another process, or another open file of this one, has the lock.
var ErrHeld = errors.New("another process uses it")

// Try locks a file until it is closed or the process ends in any way. It does not wait: the error is
// [ErrHeld] if another process has the lock.
func Try(f *os.File) error { return try(f) }

// Held reports whether another process has locked the file at path.
func Held(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(Try(f), ErrHeld)
}
