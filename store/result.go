package store

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/gates"
)

// Result is the content of result.json. Durations are in nanoseconds.
type Result struct {
	// Verdict is the verdict on the whole run: violation if a property that counts is violated,
	// otherwise unknown if one is undecided, otherwise valid.
	Verdict  checker.Result    `json:"verdict"`
	Verdicts []checker.Verdict `json:"verdicts"`
	// Assumptions must be met for a valid verdict. Each is met or says why not.
	Assumptions []checker.Assumption `json:"assumptions"`
	// Account is the table of what the verdicts rest on; nil if an older zklab decided the run.
	Account *checker.Account `json:"account,omitempty"`
	// Unanswered lists the kinds of faults that took effect, if clients called operations of the load after the first of
	// them, or waited in them, and none succeeded. Uncalled lists them if clients neither called any nor waited.
	Unanswered []string `json:"unanswered,omitempty"`
	Uncalled   []string `json:"uncalled,omitempty"`
	// NotAvailable lists the properties, evidence and faults that the run's ensemble does not
	// support. It does not affect the verdict.
	NotAvailable []checker.NotAvailable `json:"not_available,omitempty"`

	Recipe      string    `json:"recipe"`
	Subject     string    `json:"subject,omitempty"`
	Label       string    `json:"label,omitempty"` // see settings.Settings
	Seed        int64     `json:"seed"`
	Strict      bool      `json:"strict"`
	Interrupted bool      `json:"interrupted"`
	Started     time.Time `json:"started"` // wall clock, UTC
	// Zklab is the version of zklab that checked the run. RanBy is the version that ran the
	// experiment, from experiment.yaml; "" if unknown. See zklab.Version.
	Zklab string `json:"zklab"`
	RanBy string `json:"ran_by,omitempty"`

	Ensemble ensemble.Profile `json:"ensemble"`
	Stats    stats.Stats      `json:"stats"`
	// Leftovers are the znodes that the clients left behind; nil if that is not known.
	Leftovers *checker.Leftovers `json:"leftovers,omitempty"`
	// Gates are the bounds that the user gave for this run. They do not affect the verdict.
	Gates []gates.Result `json:"gates,omitempty"`
	// Warnings are messages for people: a time limit shorter than the first fault, a rate that was
	// not reached, a history whose last line is cut off.
	Warnings []string `json:"warnings,omitempty"`
	// JudgedWarnings lists the ones among Warnings that follow from the record and the files beside it. Each
	// check finds them again. The other warnings come from the run itself.
	JudgedWarnings []string `json:"judged_warnings,omitempty"`
	// Timings are wall-clock durations of the harness itself, by name: "start" (command to first
	// operation), "check", "report", "finish" (last operation to report).
	Timings map[string]time.Duration `json:"timings,omitempty"`
	// Shrunk is set if the run was shrunk from a larger one.
	Shrunk *Shrunk `json:"shrunk,omitempty"`
	// Replay is the command that repeats the experiment.
	Replay string `json:"replay,omitempty"`
}

// Program returns the program whose command line repeats the experiment; "" if none does, as after a Go test.
func (r *Result) Program() string {
	program, _, _ := strings.Cut(r.Replay, " ")
	if strings.Contains(r.Replay, "go test") {
		return ""
	}
	return program
}

// Shrunk describes how a run was shrunk from a larger one that violated the same property by the
// same cause.
type Shrunk struct {
	From     string `json:"from"` // the folder of the larger run
	Property string `json:"property"`
	// Before and After are the sizes of both runs, in words. Runs is the number of runs that
	// shrinking took.
	Before string `json:"before"`
	After  string `json:"after"`
	Runs   int    `json:"runs"`
	// Mattered says, for each fault of the run, what happens without it.
	Mattered []string `json:"mattered,omitempty"`
}

// Decisive returns the verdicts with the given result that count for the run's verdict.
func (r *Result) Decisive(result checker.Result) []checker.Verdict {
	var vs []checker.Verdict
	for _, v := range r.Verdicts {
		if v.Result == result && (!v.Measured || r.Strict) {
			vs = append(vs, v)
		}
	}
	return vs
}

// WhyUnknown says why the verdict is unknown: which assumptions do not hold or, if all do, why the first property was
// not decided. It returns "" if nothing says why.
func (r *Result) WhyUnknown() string {
	var unmet []string
	for _, a := range checker.Unmet(r.Assumptions) {
		unmet = append(unmet, a.Text)
	}
	if len(unmet) > 0 {
		return strings.Join(unmet, "; ")
	}
	for _, v := range r.Decisive(checker.Unknown) {
		return v.Property + ": " + v.Reason
	}
	return ""
}

// Violated returns the violated properties that count, each once.
func (r *Result) Violated() []string {
	var names []string
	for _, v := range r.Decisive(checker.Violation) {
		if !slices.Contains(names, v.Property) {
			names = append(names, v.Property)
		}
	}
	return names
}
