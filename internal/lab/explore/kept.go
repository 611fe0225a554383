package explore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Kept is the content of [KeptFile], a file in the folder of a shard that says how far the exploration of the
// shard has come.
type Kept struct {
	// Description describes what is explored. Its seed is that of the scenario.
	Description sweep.Description `json:"exploration"`
	// Experiment is the scenario, in the format of experiment.yaml, and Subject the name of its subject.
	Experiment string `json:"experiment"`
	Subject    string `json:"subject"`
	Zklab      string `json:"zklab"` // zklab.Version
	State      State  `json:"state"`

	folder string
	lock   *os.File
}

// KeptFile is the name of the file. The process that explores locks the file beside it.
const (
	KeptFile = "explored.json"
	lockFile = "lock"
)

// FolderOf returns the folder of an exploration's shard in a store.
func FolderOf(root, recipe string, d sweep.Description) string {
	return filepath.Join(root, StoredIn, recipe, d.Name(), d.Shard.Name())
}

// Open opens the folder of a shard for this process, and reads how far the shard has come. It makes the folder
// if there is none. [filelock.ErrHeld] means that another process explores the shard. The caller must close it.
func (k *Kept) Open(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("open the exploration: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, lockFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("open the exploration: %w", err)
	}
	if err := filelock.Try(lock); err != nil {
		lock.Close()
		return fmt.Errorf("%s: %w", folder, err)
	}
	k.folder, k.lock = folder, lock
	old, err := ReadKept(k.file())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		k.Close()
		return err
	}
	k.State = old.State
	return nil
}

func (k *Kept) file() string { return filepath.Join(k.folder, KeptFile) }

// Keep writes a state, completely or not at all.
func (k *Kept) Keep(s State) error {
	k.State = s
	text, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return fmt.Errorf("keep the exploration: %w", err)
	}
	return store.WriteFile(k.file(), append(text, '\n'))
}

// Close unlocks the folder.
func (k *Kept) Close() error { return k.lock.Close() }

// ReadKept reads the file of a shard.
func ReadKept(path string) (k Kept, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	if err := history.Unmarshal(text, &k); err != nil {
		return k, fmt.Errorf("%s is not the file of an exploration: %w", path, err)
	}
	return k, nil
}

// Idle returns the folders of shards in a store, of one recipe or of all (""), to which nothing was written since a
// time, and which no process explores.
func Idle(root, recipe string, since time.Time) (folders []string, err error) {
	files, err := fs.Glob(os.DirFS(root), path.Join(StoredIn, "*", "*", "*", KeptFile))
	if err != nil {
		return nil, fmt.Errorf("list the explorations: %w", err)
	}
	for _, file := range files {
		if recipe != "" && strings.Split(file, "/")[1] != recipe {
			continue
		}
		file = filepath.Join(root, filepath.FromSlash(file))
		if info, err := os.Stat(file); err == nil && info.ModTime().Before(since) && !filelock.Held(filepath.Join(filepath.Dir(file), lockFile)) {
			folders = append(folders, filepath.Dir(file))
		}
	}
	return folders, nil
}

// RemoveKept removes the folder of a shard, and the folders around it if nothing else is in them.
func RemoveKept(folder string) error {
	if err := store.RemoveFolder(folder, 3); err != nil { // the exploration's, the recipe's and that of all explorations
		return fmt.Errorf("remove the exploration: %w", err)
	}
	return nil
}

// KeptIn returns the files of explorations that paths name. A path can be a file, the folder of a shard, or the
// folder of all shards.
func KeptIn(paths []string) (files []string, err error) {
	for _, name := range paths {
		if filepath.Ext(name) == filepath.Ext(KeptFile) {
			files = append(files, name)
			continue
		}
		for _, pattern := range []string{KeptFile, filepath.Join("*", KeptFile)} {
			some, err := fs.Glob(os.DirFS(name), filepath.ToSlash(pattern))
			if err != nil {
				return nil, err
			}
			for _, file := range some {
				files = append(files, filepath.Join(name, file))
			}
		}
	}
	return files, nil
}
