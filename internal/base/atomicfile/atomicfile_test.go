package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// holds requires a folder to have exactly these files, with these contents.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries := must.Get(os.ReadDir(dir))(t)
	if len(entries) != len(want) {
		t.Errorf("in the folder: %v, want %d", entries, len(want))
	}
	for name, content := range want {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != content {
			t.Errorf("%s: %q, %v, want %q", name, b, err, content)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, parts := range [][][]byte{{[]byte("old")}, nil, {[]byte("n"), []byte("ew")}} {
		must.Do(t, Write(path, 0o600, parts...))
		holds(t, dir, map[string]string{"file": string(slices.Concat(parts...))})
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := Write(filepath.Join(dir, "absent", "file"), 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Errors have the path that was given, and not the name of the unfinished file.
func TestErrorsNameThePath(t *testing.T) {
	closed := func(use func(f *File) error) error {
		f := must.Get(Create(filepath.Join(t.TempDir(), "file"), 0o600))(t)
		f.File.Close()
		return use(f)
	}
	for name, err := range map[string]error{
		"create":   Write(filepath.Join(t.TempDir(), "absent", "file"), 0o600),
		"write":    closed(func(f *File) error { _, err := f.Write([]byte("a")); return err }),
		"string":   closed(func(f *File) error { _, err := f.WriteString("a"); return err }),
		"readfrom": closed(func(f *File) error { _, err := f.ReadFrom(strings.NewReader("a")); return err }),
		"commit":   closed((*File).Commit),
		"discard":  closed((*File).Discard),
	} {
		if err == nil || !strings.Contains(err.Error(), "file: ") || strings.Contains(err.Error(), Unfinished) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that is not committed never appears, and an old one stays.
func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	must.Do(t, Write(path, 0o644, []byte("old")))
	f := must.Get(Create(path, 0o644))(t)
	must.Get(f.WriteString("new"))(t)
	if filepath.Ext(f.Name()) != Unfinished {
		t.Errorf("an unfinished file is called %s", f.Name())
	}
	holds(t, dir, map[string]string{"file": "old", filepath.Base(f.Name()): "new"})
	for range 2 {
		if err := f.Discard(); err != nil {
			t.Error(err)
		}
	}
	holds(t, dir, map[string]string{"file": "old"})
}

// A file that cannot be renamed leaves nothing, and a file with that name stays.
func TestCommit(t *testing.T) {
	dir := t.TempDir()
	must.Do(t, os.Mkdir(filepath.Join(dir, "taken"), 0o700))
	if err := Write(filepath.Join(dir, "taken"), 0o600, []byte("new")); err == nil {
		t.Error("a file in the place of a folder")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	kept := t.TempDir()
	f := must.Get(Create(filepath.Join(kept, "file"), 0o600))(t)
	if err := errors.Join(f.Commit(), f.Discard()); err != nil {
		t.Error(err)
	}
	holds(t, kept, map[string]string{"file": ""})
}

// Writers of one file do not disturb each other, and the remains of a killed writer do not disturb
// them.
func TestTogether(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	left := must.Get(Create(path, 0o600))(t)
	defer left.Discard()
	count.Add(^uint64(0)) // so that the next file would get the same name
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			if err := Write(path, 0o600, []byte("whole "), []byte("file")); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	holds(t, dir, map[string]string{"file": "whole file", filepath.Base(left.Name()): ""})
}

func TestRename(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := errors.Join(Write(from, 0o600, []byte("x")), Rename(from, to)); err != nil {
		t.Error(err)
	}
	holds(t, dir, map[string]string{"to": "x"})
}
