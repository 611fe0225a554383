package sweep

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/samples"
)

// Summary is the outcome of a sweep. Durations are nanoseconds.
type Summary struct {
	Description Description `json:"sweep"`
	// Verdict is violation if any run has a violation. It is unknown if a property that decides was valid in no run, if a fault that was asked for took effect in no run or left no client
	// with an answer, if some runs could not be performed, or if there are no runs. Otherwise it is valid, even if single runs are undecided: the summary counts these.
	Verdict checker.Result `json:"verdict"`
	// Why is the reason for an unknown verdict.
	Why string `json:"why,omitempty"`

	Runs      int `json:"runs"`
	Violation int `json:"violation"`
	Unknown   int `json:"unknown"`
	Valid     int `json:"valid"`
	// Errors counts the runs that could not be performed.
	Errors  int     `json:"errors"`
	Reasons []Count `json:"error_reasons,omitempty"`

	Operations int           `json:"operations"`
	Virtual    time.Duration `json:"virtual"` // by the runs' own clocks
	// Wall is how long the sessions of all shards lasted together, and Spent how long the runs of
	// all jobs took.
	Wall  time.Duration `json:"wall"`
	Spent time.Duration `json:"spent"`

	// Findings has the violations by cause: first those that decide the verdict, then the others,
	// each in order of frequency.
	Findings []Finding `json:"findings"`
	// MoreFound counts violations with causes that are not in Findings.
	MoreFound  int               `json:"more_found,omitempty"`
	Properties []PropertySummary `json:"properties"`
	Unchecked  []Unchecked       `json:"unchecked,omitempty"` // in the order of their names
	Faults     []FaultCount      `json:"faults"`
	// NeverTook are the faults that the user asked for and that took effect in no run.
	NeverTook []NeverTook `json:"never_took,omitempty"`
	// Unanswered are the faults that the user asked for and after whose effects no operation of the load succeeded
	// in any run.
	Unanswered []string  `json:"unanswered,omitempty"`
	Met        Exercised `json:"met"`
	// Behaviours estimates how much the runs have not met.
	Behaviours coverage.Estimate `json:"behaviours"`
	// Curve tells how many behaviours were met by fewer runs, and would be met by more.
	Curve []coverage.Point `json:"curve,omitempty"`
	// Leaks counts the runs in which the znodes that clients left behind grew with the load.
	Leaks []Count `json:"leaks,omitempty"`
	// Samples are the times that all runs measured.
	Samples samples.Samples `json:"samples"`

	// Gates are the bounds that the user gave for Samples. They do not affect the verdict.
	Gates []gates.Result `json:"gates,omitempty"`

	// Zklab is the version of zklab that made the summary. The setting [RanBy] has the version that
	// ran the sweep.
	Zklab string `json:"zklab"`

	// Shards lists the shards that were read; Absent lists those without a file.
	Shards []ShardState `json:"shards"`
	Absent []Shard      `json:"absent,omitempty"`
}

// PropertySummary counts the runs by the verdict on a property.
type PropertySummary struct {
	Name      string  `json:"property"`
	Measured  bool    `json:"measured,omitempty"`
	Valid     int     `json:"valid"`
	Violation int     `json:"violation"`
	Unknown   int     `json:"unknown"`
	Why       []Count `json:"why,omitempty"` // the reasons for unknown verdicts
}

// Never returns the kinds of faults that never took effect.
func (s *Summary) Never() (names []string) {
	for _, f := range s.Faults {
		if f.Verified == 0 {
			names = append(names, f.Kind)
		}
	}
	return names
}

// Decided returns the runs with a verdict.
func (s *Summary) Decided() int { return s.Violation + s.Unknown + s.Valid }

// Complete reports whether every seed of every shard has its run.
func (s *Summary) Complete() bool {
	return len(s.Absent) == 0 && !slices.ContainsFunc(s.Shards, func(h ShardState) bool { return h.Done < h.Seeds })
}

// ShardState describes how far a shard has come.
type ShardState struct {
	Shard  Shard  `json:"shard"`
	Source string `json:"source"` // the folder or archive
	Seeds  int64  `json:"seeds"`
	Done   int64  `json:"done"`
	// Ended says why the latest session ended; empty if it did not. Running means that a process
	// works on the shard.
	Ended   End  `json:"ended,omitempty"`
	Running bool `json:"running,omitempty"`
	// Cut means that the shard's archive is cut off.
	Cut bool `json:"cut,omitempty"`
	// Left are the first of the seeds without a run.
	Left Seeds `json:"left,omitempty"`
	// Command continues the shard.
	Command string `json:"command,omitempty"`

	seeds Seeds // of the whole sweep
}

// Died reports whether the shard has not ended, although no process works on it.
func (s ShardState) Died() bool { return s.Ended == "" && !s.Running && s.Done < s.Seeds }

func (s *Summary) decide() {
	s.Verdict = checker.Unknown
	var never []string
	for _, p := range s.Properties {
		if p.Valid == 0 && !p.Measured {
			never = append(never, p.Name)
		}
	}
	switch {
	case s.Violation > 0:
		s.Verdict = checker.Violation
	case s.Decided() == 0:
		s.Why = "no run came to a verdict"
	case s.Errors > 0:
		s.Why = "some runs could not be run"
	case len(s.NeverTook)+len(s.Unanswered) > 0:
		s.Why = s.Description.Asked.Unseen(s.Faults)
	case len(never) > 0:
		s.Why = strings.Join(never, ", ") + " could be decided in no run"
	default:
		s.Verdict = checker.Valid
	}
}
