package catalog

import (
	"io/fs"
	"path/filepath"
	"time"

	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Kind is a kind of entry, in the word for people.
type Kind string

// The kinds of entries.
const (
	Run         Kind = "run"
	Sweep       Kind = "sweep"
	Exploration Kind = "exploration"
	Matrix      Kind = "matrix"
)

// Entry is a run, a sweep, an exploration or a matrix in a store, as [List] describes it. docs/results.md has its JSON.
type Entry struct {
	Path     string `json:"path"`           // its folder
	Runs     *int   `json:"runs,omitempty"` // for all entries but runs
	Recipe   string `json:"recipe"`
	Subject  string `json:"subject,omitempty"`
	Ensemble string `json:"ensemble,omitempty"`
	Seed     *int64 `json:"seed,omitempty"`
	Label    string `json:"label,omitempty"`

	Started     time.Time     `json:"started,omitzero"`
	Duration    time.Duration `json:"duration,omitempty"`
	Verdict     string        `json:"verdict"` // State, in the word that files use
	Violated    []string      `json:"violated"`
	Interrupted bool          `json:"interrupted"`
	Operations  *int          `json:"operations,omitempty"`

	State State `json:"-"`
	Err   error `json:"-"` // why it cannot be read
	// Exceeded means that a gate was exceeded. Alive means that a process works on a sweep.
	Exceeded bool `json:"-"`
	Alive    bool `json:"-"`

	// One of these fields is set.
	run      *store.Run
	swept    *sweep.Stored
	explored *explore.Entry
	matrix   *matrix.Entry
}

// Kind returns what the entry is.
func (e *Entry) Kind() Kind {
	switch {
	case e.run != nil:
		return Run
	case e.swept != nil:
		return Sweep
	case e.matrix != nil:
		return Matrix
	}
	return Exploration
}

// Run returns the stored run if the entry is one; nil for all other entries.
func (e *Entry) Run() *store.Run { return e.run }

// Remove removes the folder of the entry. It refuses to remove a sweep on which a process works.
func (e *Entry) Remove() error {
	switch e.Kind() {
	case Run:
		return e.run.Remove()
	case Sweep:
		return e.swept.Remove()
	case Matrix:
		return e.matrix.Remove()
	}
	return e.explored.Remove()
}

// Size adds up the files in a folder of the store, in bytes. It leaves out what it cannot read.
func Size(folder string) (sum int64) {
	_ = filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
