package sweep

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/store"
)

// StoreFolder is the folder of sweeps in a store. It has a folder for each recipe, which has a folder for
// each sweep.
const StoreFolder = "sweeps"

// Stored is a sweep in a store.
type Stored struct {
	Path   string // its folder
	Recipe string // the name of the folder that it is in
	// Description is nil if Err is not.
	Description *Description
	Began       time.Time // when a process first began to work on it, UTC
	Running     bool      // a process works on it
	Err         error     // why it cannot be read
}

// InStore returns the sweeps in a store, newest first. It reads only the beginnings of their files. A sweep
// that cannot be read is in the list, with its error.
func InStore(root string) ([]Stored, error) {
	recipes, err := store.FoldersIn(filepath.Join(root, StoreFolder))
	if err != nil {
		return nil, fmt.Errorf("list the sweeps: %w", err)
	}
	var all []Stored
	for _, recipe := range recipes {
		folders, err := store.FoldersIn(recipe)
		if err != nil {
			all = append(all, Stored{Path: recipe, Recipe: filepath.Base(recipe), Err: err})
		}
		for _, path := range folders {
			s := Stored{Path: path, Recipe: filepath.Base(recipe)}
			s.Err = s.read()
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Stored) int {
		return cmp.Or(b.Began.Compare(a.Began), strings.Compare(a.Path, b.Path))
	})
	return all, nil
}

// read fills in what the files of the sweep say at their beginnings.
func (s *Stored) read() error {
	sources, err := sourcesIn([]string{s.Path})
	if err != nil {
		return err
	}
	for _, source := range sources {
		d, began, err := beginningOf(source)
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		if s.Description == nil {
			s.Description = d
		}
		if s.Began.IsZero() || !began.IsZero() && began.Before(s.Began) {
			s.Began = began
		}
		s.Running = s.Running || isArchive(source) == 0 && filelock.Held(source)
	}
	return nil
}

// Remove removes the sweep's folder with everything in it, and the folders around it if nothing else is
// in them. It returns an error, and removes nothing, while a process works on the sweep.
func (s *Stored) Remove() error {
	if s.Running {
		return fmt.Errorf("%s: a process works on this sweep", s.Path)
	}
	if err := store.RemoveFolder(s.Path, 2); err != nil { // the recipe's, and that of all sweeps
		return fmt.Errorf("remove the sweep: %w", err)
	}
	return nil
}
