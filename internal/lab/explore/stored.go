package explore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Stored is a store's copy of an exploration: a file [StoredFile] in a folder for each exploration
// below [StoredIn]. Runs are not stored, since a command repeats each finding.
type Stored struct {
	Recipe  string         `json:"recipe"`
	Subject string         `json:"subject"`
	Label   string         `json:"label,omitempty"`
	Seed    int64          `json:"seed"`
	Began   time.Time      `json:"began"` // wall clock, UTC
	Took    time.Duration  `json:"took"`  // wall clock, in nanoseconds
	Verdict checker.Result `json:"verdict"`
	Why     []string       `json:"why,omitempty"` // the reasons for an unknown verdict
	Runs    int            `json:"runs"`
	Singles Count          `json:"singles"`
	Pairs   Count          `json:"pairs"`
	Ended   string         `json:"ended,omitempty"`
	Found   []StoredCause  `json:"found"`
	// Text is the report for people.
	Text  string `json:"text"`
	Zklab string `json:"zklab"` // zklab.Version
}

// StoredCause describes all findings with one cause.
type StoredCause struct {
	sweep.Cause
	Where  string `json:"where"`
	Runs   int    `json:"runs"`
	Faults string `json:"schedule"` // of the first finding, as --faults accepts it
	Again  string `json:"again"`    // the command that repeats it
}

// Names in a store.
const (
	StoredIn   = "explorations" // has a folder for each recipe, which has a folder for each exploration
	StoredFile = "exploration.json"
	PageFile   = "explore.html" // the page of the exploration
)

// Of sets the results of an exploration. again returns the command that runs the scenario with a schedule of
// faults.
func (s *Stored) Of(r Report, again func(plan.Schedule) string) {
	s.Verdict, s.Why = r.Verdict()
	s.Runs, s.Singles, s.Pairs, s.Ended, s.Text, s.Found = r.Runs, r.Singles, r.Pairs, r.Ended, r.String(), []StoredCause{}
	for _, c := range r.Causes() {
		first := plan.Steps(c.Findings[0].Steps...)
		s.Found = append(s.Found, StoredCause{
			Cause: sweep.Cause{Property: c.Property, Shape: c.Shape}, Where: c.Where, Runs: len(c.Findings), Faults: first.String(), Again: again(first),
		})
	}
	for _, property := range r.Always {
		s.Found = append(s.Found, StoredCause{Cause: sweep.Cause{Property: property, Shape: "without any fault"}, Runs: 1, Again: again(plan.Steps())})
	}
}

// Write writes an exploration into a store, and returns its folder.
func (s *Stored) Write(root string) (string, error) {
	const name = "2006-01-02T15-04-05.000Z" // as those of runs
	folder := filepath.Join(root, StoredIn, s.Recipe, s.Began.UTC().Format(name))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("keep the exploration: %w", err)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return "", fmt.Errorf("keep the exploration: %w", err)
	}
	return folder, store.WriteFile(filepath.Join(folder, StoredFile), append(text, '\n'))
}

// ParseStored parses the content of a stored exploration.
func ParseStored(text []byte) (s Stored, err error) {
	if err := history.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("no exploration: %w", err)
	}
	return s, nil
}

// Entry is an exploration in a store.
type Entry struct {
	Path   string // its folder
	Recipe string // the name of the folder that it is in
	Stored Stored
	Err    error // why it cannot be read
}

// InStore returns the explorations in a store. One that cannot be read is in the list, with its error.
// Folders without [StoredFile] are left out, and links are not followed.
func InStore(root string) (all []Entry, err error) {
	recipes, err := store.FoldersIn(filepath.Join(root, StoredIn))
	if err != nil {
		return nil, fmt.Errorf("list the explorations: %w", err)
	}
	for _, recipe := range recipes {
		folders, err := store.FoldersIn(recipe)
		if err != nil {
			all = append(all, Entry{Path: recipe, Recipe: filepath.Base(recipe), Err: err})
		}
		for _, path := range folders {
			k := Entry{Path: path, Recipe: filepath.Base(recipe)}
			if k.Err = k.read(); !errors.Is(k.Err, fs.ErrNotExist) {
				all = append(all, k)
			}
		}
	}
	return all, nil
}

func (k *Entry) read() error {
	text, err := os.ReadFile(filepath.Join(k.Path, StoredFile))
	if err != nil {
		return err
	}
	if k.Stored, err = ParseStored(text); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(k.Path, StoredFile), err)
	}
	return nil
}

// Remove removes the exploration's folder, and the folders around it if nothing else is in them.
func (k *Entry) Remove() error {
	if err := store.RemoveFolder(k.Path, 2); err != nil { // the recipe's, and that of all explorations
		return fmt.Errorf("remove the exploration: %w", err)
	}
	return nil
}
