// Package atomicfile replaces files atomically: after a crash, a full disk or a power failure, the path holds
// the complete old file or the complete new one. It does not know the files' content.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
)

// Unfinished is the suffix of the name of a file that is still being written. A process that is killed
// leaves such files behind.
const Unfinished = ".part"

// File is a file that is being written, beside the file that it will replace. It is not safe
// for concurrent use. Its errors name the final path, not the temporary one.
type File struct {
	*os.File
	path string
	done bool
}

var count atomic.Uint64 // files that this process has begun

// refusal lets a test simulate a full disk; nil outside of tests.
var refusal atomic.Pointer[func(path string) error]

// Refuse lets tests simulate a full disk: until undo is called, a write to a path fails with the error that f
// returns for the path, if any. f must be safe for concurrent use.
func Refuse(f func(path string) error) (undo func()) {
	refusal.Store(&f)
	return func() { refusal.Store(nil) }
}

func refused(path string) error {
	f := refusal.Load()
	if f == nil {
		return nil
	}
	if err := (*f)(path); err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// Create begins a file for a path, with permissions perm less the umask. End it with Commit or
// Discard.
func Create(path string, perm fs.FileMode) (*File, error) {
	if err := refused(path); err != nil {
		return nil, err
	}
	for {
		part := fmt.Sprintf("%s.%d-%d%s", path, os.Getpid(), count.Add(1), Unfinished)
		f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		switch {
		case errors.Is(err, fs.ErrExist): // left by a process with the same id, perhaps on another machine
			continue
		case err != nil:
			return nil, (&File{path: path}).named(err)
		}
		return &File{File: f, path: path}, nil
	}
}

// named returns the error with the final path of the file in place of the temporary one.
func (f *File) named(err error) error {
	failed, moved := new(fs.PathError), new(os.LinkError)
	switch {
	case errors.As(err, &failed):
		return &fs.PathError{Op: "write", Path: f.path, Err: failed.Err}
	case errors.As(err, &moved):
		return &fs.PathError{Op: "write", Path: f.path, Err: moved.Err}
	}
	return err
}

func (f *File) Write(b []byte) (n int, err error) {
	n, err = f.File.Write(b)
	return n, f.named(err)
}

func (f *File) WriteString(s string) (n int, err error) { return f.Write([]byte(s)) }

// ReadFrom copies what r has, for io.Copy.
func (f *File) ReadFrom(r io.Reader) (n int64, err error) {
	n, err = f.File.ReadFrom(r)
	return n, f.named(err)
}

// Commit makes the file durable and renames it to its path, replacing any file there. After an error
// there is no new file, unless the error was only that its folder could not be made durable.
func (f *File) Commit() error {
	// Sync comes before the rename: otherwise a power failure could leave a file without content.
	if err := f.Sync(); err != nil {
		return errors.Join(f.named(err), f.Discard())
	}
	f.done = true
	if err := errors.Join(f.Close(), os.Rename(f.Name(), f.path)); err != nil {
		os.Remove(f.Name())
		return f.named(err)
	}
	return syncFolder(filepath.Dir(f.path))
}

// Discard removes the file, unless Commit or Discard was called before. Its folder may be gone.
func (f *File) Discard() error {
	if f.done {
		return nil
	}
	f.done = true
	err := f.Close()
	os.Remove(f.Name())
	return f.named(err)
}

// Write replaces the file at a path, with permissions perm less the umask. The new content is given in
// parts.
func Write(path string, perm fs.FileMode, content ...[]byte) error {
	f, err := Create(path, perm)
	if err != nil {
		return err
	}
	for _, part := range content {
		if _, err := f.Write(part); err != nil {
			return errors.Join(err, f.Discard())
		}
	}
	return f.Commit()
}

// Rename moves a complete file, folder or link to its path, and makes the names in the folder durable.
// It replaces files and links.
func Rename(from, to string) error {
	if err := refused(to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// syncFolder makes the names in a folder durable, where the system and the file system can.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // flushes files, not folders
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
