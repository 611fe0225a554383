package explore

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Stored is what a store keeps of an exploration: a file [StoredFile] in a folder for each exploration
// below [StoredIn]. Runs are not kept, since a command repeats each finding.
type Stored struct {
	Recipe  string         `json:"recipe"`
	Subject string         `json:"subject"`
	Label   string         `json:"label,omitempty"`
	Seed    int64          `json:"seed"`
	Began   time.Time      `json:"began"` // wall clock, UTC
	Took    time.Duration  `json:"took"`  // wall clock, in nanoseconds
	Verdict checker.Result `json:"verdict"`
	Why     []string       `json:"why,omitempty"` // of an unknown verdict
	Runs    int            `json:"runs"`
	Singles Count          `json:"singles"`
	Pairs   Count          `json:"pairs"`
	Ended   string         `json:"ended,omitempty"`
	Found   []StoredCause  `json:"found"`
	// Text is the report for people.
	Text  string `json:"text"`
	Zklab string `json:"zklab"` // zklab.Version
}

// StoredCause is all findings of one cause.
type StoredCause struct {
	sweep.Cause
	Where  string `json:"where"`
	Runs   int    `json:"runs"`
	Faults string `json:"schedule"` // of the first finding, as --faults takes it
	Again  string `json:"again"`    // the command that repeats it
}

// Names in a store.
const (
	StoredIn   = "explorations" // with a folder for each recipe, with one for each exploration
	StoredFile = "exploration.json"
)

// Of adds what an exploration found. again is the command that runs the scenario, but for its faults.
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
