package matrix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// StoredFile holds a matrix as JSON, in the folder of its page. The runs are in the sweeps of its cells.
const StoredFile = "matrix.json"

// Stored is a store's copy of a matrix.
type Stored struct {
	Matrix
	Began time.Time `json:"began"` // wall clock, UTC; when the command that last wrote the file began
	Label string    `json:"label,omitempty"`
}

// Write writes the matrix into the folder of its page, which it creates.
func (s *Stored) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("keep the matrix: %w", err)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the matrix: %w", err)
	}
	return store.WriteFile(filepath.Join(folder, StoredFile), append(text, '\n'))
}

// ParseStored parses the content of a stored matrix.
func ParseStored(text []byte) (s Stored, err error) {
	if err := history.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("no matrix: %w", err)
	}
	return s, nil
}

// Names lists the experiments.
func (m *Matrix) Names() (names []string) {
	for _, x := range m.Experiments {
		names = append(names, x.Name)
	}
	return names
}

// Runs counts the runs that have ended, of all cells.
func (m *Matrix) Runs() (n int) {
	for _, x := range m.Experiments {
		for _, c := range x.Cells {
			n += c.Runs
		}
	}
	return n
}

// Exceeded reports whether a cell exceeds a gate.
func (m *Matrix) Exceeded() bool {
	for _, x := range m.Experiments {
		for _, c := range x.Cells {
			if slices.ContainsFunc(c.Gates, func(g gates.Result) bool { return g.Result == gates.Exceeded }) {
				return true
			}
		}
	}
	return false
}

// Violated lists the properties that some run violated.
func (m *Matrix) Violated() []string {
	names := []string{}
	for _, x := range m.Experiments {
		for _, d := range x.Differences {
			if !slices.Contains(names, d.Property) {
				names = append(names, d.Property)
			}
		}
	}
	return names
}

// Entry is a matrix in a store.
type Entry struct {
	Path   string // its folder
	Stored Stored
	Err    error // why it cannot be read
}

// InStore returns the matrices in a store. A matrix that cannot be read is in the list, with its error. InStore
// leaves out folders without [StoredFile], and does not follow links.
func InStore(root string) (all []Entry, err error) {
	folders, err := store.FoldersIn(filepath.Join(root, StoreFolder))
	if err != nil {
		return nil, fmt.Errorf("list the matrices: %w", err)
	}
	for _, path := range folders {
		file := filepath.Join(path, StoredFile)
		e := Entry{Path: path}
		text, err := os.ReadFile(file)
		if err == nil {
			if e.Stored, err = ParseStored(text); err != nil {
				err = fmt.Errorf("%s: %w", file, err)
			}
		}
		if e.Err = err; !errors.Is(err, fs.ErrNotExist) {
			all = append(all, e)
		}
	}
	return all, nil
}

// Remove removes the page of the matrix with everything beside it, and then the parent folder if it is empty. The
// sweeps of its cells stay.
func (e *Entry) Remove() error {
	if err := store.RemoveFolder(e.Path, 1); err != nil {
		return fmt.Errorf("remove the matrix: %w", err)
	}
	return nil
}
