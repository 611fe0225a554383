package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/base/filelock"
)

const (
	lockName     = "lock"
	ensembleName = "ensemble.json"
	// format is the format of all files here; another one cannot be read.
	format = 1
	// private are the permissions of all files here.
	private = 0o600
)

// ErrInUse means a folder that another process uses.
var ErrInUse = filelock.ErrHeld

// ErrOther means a folder that is of another ensemble, or of none.
var ErrOther = errors.New("not the folder of this ensemble")

// Folder is the folder of an ensemble, locked for this process.
type Folder struct {
	dir   string
	fsync bool
	lock  *os.File
	meta  meta
}

// meta is shared by all servers.
type meta struct {
	Format    int `json:"format"`
	Servers   int `json:"servers"` // that vote
	Observers int `json:"observers"`
}

// Open makes the folder of an ensemble, or opens it again: then the ensemble must
// have as many servers as it had.
func Open(dir string, servers, observers int, fsync bool) (*Folder, error) {
	f := &Folder{dir: dir, fsync: fsync}
	if err := f.open(servers, observers); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *Folder) open(servers, observers int) error {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	if err := f.mayUse(); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(f.dir, lockName), os.O_RDWR|os.O_CREATE, private)
	if err != nil {
		return err
	}
	f.lock = lock
	if err := filelock.Try(lock); err != nil {
		return fmt.Errorf("%s: %w", f.dir, err)
	}
	b, err := os.ReadFile(filepath.Join(f.dir, ensembleName))
	if errors.Is(err, fs.ErrNotExist) {
		return f.begin(servers, observers)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &f.meta); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, filepath.Join(f.dir, ensembleName), err)
	}
	switch m := f.meta; {
	case m.Format != format:
		return fmt.Errorf("%w: %s has format %d, and this version reads %d", ErrOther, f.dir, m.Format, format)
	case m.Servers != servers || m.Observers != observers:
		return fmt.Errorf("%w: %s is of %d servers and %d observers, not of %d and %d", ErrOther, f.dir, m.Servers, m.Observers, servers, observers)
	}
	return nil
}

// mayUse returns an error for folders that hold something else.
func (f *Folder) mayUse() error {
	if _, err := os.Stat(filepath.Join(f.dir, ensembleName)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockName && filepath.Ext(e.Name()) != atomicfile.Unfinished {
			return fmt.Errorf("%w: %s holds %s: give an empty folder, or one that does not exist", ErrOther, f.dir, e.Name())
		}
	}
	return nil
}

func (f *Folder) begin(servers, observers int) error {
	f.meta = meta{Format: format, Servers: servers, Observers: observers}
	b, err := json.Marshal(f.meta)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(f.dir, ensembleName), private, append(b, '\n'))
}

// Server opens the files of one server. failed is told, once, when they cannot be
// written any more; it must not block.
func (f *Folder) Server(id int, failed func(error)) (*Server, error) {
	return open(filepath.Join(f.dir, "server-"+strconv.Itoa(id)), f.fsync, failed)
}

// Close lets others use the folder.
func (f *Folder) Close() error {
	if f.lock == nil {
		return nil
	}
	defer func() { f.lock = nil }()
	return f.lock.Close() // which unlocks it
}
