package store

import (
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/stats"
)

// Result is the content of result.json. Durations are nanoseconds.
type Result struct {
	// Verdict is the whole run's: violation if any property that counts is
	// violated, else unknown if any is, else valid.
	Verdict  checker.Result    `json:"verdict"`
	Verdicts []checker.Verdict `json:"verdicts"`
	// Assumptions under which valid counts; each is met or says why not.
	Assumptions []checker.Assumption `json:"assumptions"`
	// NotAvailable is what the run is without: properties, evidence and faults that its
	// ensemble does not have. It decides nothing.
	NotAvailable []checker.NotAvailable `json:"not_available,omitempty"`

	Recipe      string    `json:"recipe"`
	Subject     string    `json:"subject,omitempty"`
	Seed        int64     `json:"seed"`
	Strict      bool      `json:"strict"`
	Interrupted bool      `json:"interrupted"`
	Started     time.Time `json:"started"` // wall clock, UTC
	// Zklab is the version of zklab that decided, and RanBy of the one that ran the
	// experiment, as experiment.yaml has it; "" if it is not known. See zklab.Version.
	Zklab string `json:"zklab"`
	RanBy string `json:"ran_by,omitempty"`

	Ensemble ensemble.Profile `json:"ensemble"`
	Stats    stats.Stats      `json:"stats"`
	// Warnings are for people: a time limit shorter than the first fault, a
	// rate that was not reached, a history cut off in its last line.
	Warnings []string `json:"warnings,omitempty"`
	// JudgedWarnings are those of Warnings that come from the record and what lies
	// beside it. They are found anew each time that it is judged; the others only the
	// run itself knew.
	JudgedWarnings []string `json:"judged_warnings,omitempty"`
	// Timings are wall times of the harness itself, by name: "start" (command
	// to first operation), "check", "report", "finish" (last operation to report).
	Timings map[string]time.Duration `json:"timings,omitempty"`
	// Shrunk is told of a run that was made from a larger one.
	Shrunk *Shrunk `json:"shrunk,omitempty"`
	// Replay is the command that runs the same experiment again.
	Replay string `json:"replay,omitempty"`
}

// Shrunk says what a run was made from, as long as a property was violated by the same cause.
type Shrunk struct {
	From     string `json:"from"` // the folder of the larger one
	Property string `json:"property"`
	// Before and After are the sizes of both, in words, and Runs is how many runs it took.
	Before string `json:"before"`
	After  string `json:"after"`
	Runs   int    `json:"runs"`
	// Mattered says what comes of the run without each of its faults.
	Mattered []string `json:"mattered,omitempty"`
}

// Decisive are the verdicts with a result that count for the run's.
func (r *Result) Decisive(result checker.Result) []checker.Verdict {
	var vs []checker.Verdict
	for _, v := range r.Verdicts {
		if v.Result == result && (!v.Measured || r.Strict) {
			vs = append(vs, v)
		}
	}
	return vs
}

// Violated lists the properties that count and were violated, each once.
func (r *Result) Violated() []string {
	var names []string
	for _, v := range r.Decisive(checker.Violation) {
		if !slices.Contains(names, v.Property) {
			names = append(names, v.Property)
		}
	}
	return names
}
