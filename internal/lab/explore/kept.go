package explore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Kept is a file that says how far an exploration, or a shard of it, has come: [KeptFile], in a folder of the
// shard's own.
type Kept struct {
	// Description says what is explored. Its seed is that of the scenario.
	Description sweep.Description `json:"exploration"`
	// Experiment is the scenario, as an experiment.yaml has it, and Subject the name of its subject.
	Experiment string `json:"experiment"`
	Subject    string `json:"subject"`
	Zklab      string `json:"zklab"` // zklab.Version
	State      State  `json:"state"`

	folder string
	lock   *os.File
}

// KeptFile is the name of the file.
const KeptFile = "explored.json"

// FolderOf is the folder of an exploration's shard in a store.
func FolderOf(root, recipe string, d sweep.Description) string {
	return filepath.Join(root, StoredIn, recipe, d.Name(), d.Shard.Name())
}

// Open opens the folder of a shard for this process, and reads how far it came. The folder is made if it is not
// there. [filelock.ErrHeld] says that another process explores it. Close it in the end.
func (k *Kept) Open(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("open the exploration: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
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

// Keep writes a state, whole or not at all.
func (k *Kept) Keep(s State) error {
	k.State = s
	text, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return fmt.Errorf("keep the exploration: %w", err)
	}
	return store.WriteFile(k.file(), append(text, '\n'))
}

// Close lets the folder go.
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

// KeptIn returns the files of explorations that paths name: files, the folder of a shard, or that of all shards.
func KeptIn(paths []string) (files []string, err error) {
	for _, path := range paths {
		if filepath.Ext(path) == filepath.Ext(KeptFile) {
			files = append(files, path)
			continue
		}
		for _, pattern := range []string{KeptFile, filepath.Join("*", KeptFile)} {
			some, err := fs.Glob(os.DirFS(path), filepath.ToSlash(pattern))
			if err != nil {
				return nil, err
			}
			for _, file := range some {
				files = append(files, filepath.Join(path, file))
			}
		}
	}
	return files, nil
}
