package usage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/internal/base/atomicfile"
)

// Writable returns an error that says why nothing can be written into the folder of a flag. The
// folder need not exist yet.
func Writable(flag, folder string) error { return writable(flag+" "+folder, folder) }

// writable is like [Writable]; given names the folder in the error.
func writable(given, folder string) error {
	there := folder
	info, err := os.Stat(there)
	for err != nil && filepath.Dir(there) != there {
		if _, link := os.Lstat(there); link == nil {
			return fmt.Errorf("%s: %s is a link to what does not exist: choose another folder", given, there)
		}
		there = filepath.Dir(there)
		info, err = os.Stat(there)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", given, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: %s is not a folder: choose another one", given, there)
	}
	file, err := os.CreateTemp(there, ".zklab-*")
	if named := new(fs.PathError); errors.As(err, &named) {
		err = named.Err // the path is that of the temporary file, which the user does not know
	}
	if err != nil {
		return fmt.Errorf("%s: cannot write into %s: choose another folder (%w)", given, there, err)
	}
	file.Close()
	return os.Remove(file.Name())
}

// WritablePage is like [Writable], for the file of --page; "" means none. An absolute folder must exist: creating
// one is mostly a mistake.
func WritablePage(page string) error {
	if page == "" {
		return nil
	}
	folder := filepath.Dir(page)
	if _, err := os.Stat(folder); filepath.IsAbs(folder) && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--page %s: there is no folder %s: make it first, or choose another one", page, folder)
	}
	return writable("--page "+page, folder)
}

// WriteNew writes a file that must not exist yet, and creates its folders.
func WriteNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already: remove it, or choose another folder with --out", path)
	}
	return atomicfile.Write(path, 0o644, []byte(text))
}
