package sweep

import (
	"cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/stats/samples"
)

// Line describes one run, as one JSON object in runs.jsonl. Empty fields are left out.
type Line struct {
	Seed int64 `json:"seed"`
	// Verdict is the run's verdict; empty if there is none, and then Error says why.
	Verdict checker.Result `json:"verdict,omitempty"`
	Error   string         `json:"error,omitempty"`
	// Drawn describes what the seed drew for the run, for people; see [Draw].
	Drawn string `json:"drawn,omitempty"`

	// Valid lists the valid properties, NotValid the others.
	Valid    []string   `json:"valid,omitempty"`
	NotValid []Property `json:"not_valid,omitempty"`
	// Unchecked lists the properties that could not be checked, with the reason.
	Unchecked map[string]string `json:"unchecked,omitempty"`

	Operations int `json:"operations,omitempty"`
	Events     int `json:"events,omitempty"` // of the history: the size of the run
	// VirtualMS is how long the run lasted by its own clock, and WallMS how long it took in real
	// time, both in milliseconds; for runs in real time they are nearly the same. AtMS is when the
	// line was written, in milliseconds since the session that ran it began.
	VirtualMS int64 `json:"virtual_ms,omitempty"`
	WallMS    int64 `json:"wall_ms,omitempty"`
	AtMS      int64 `json:"at_ms,omitempty"`

	Struck
	// Met says which requests met which faults; see [Exercised].
	Met Exercised `json:"met,omitempty"`

	// Behaviours has the hashes of the behaviours that the run met; see [coverage.Hashes].
	Behaviours []uint32 `json:"behaviours,omitempty"`

	// Leaks are warnings that the znodes that clients left behind grew with the load.
	Leaks []string `json:"leaks,omitempty"`

	// Samples are the times that the run measured.
	Samples *samples.Samples `json:"samples,omitempty"`

	// ZooKeeper is the version of the servers; empty if it is not known.
	ZooKeeper string `json:"zookeeper,omitempty"`

	// Record, of a simulated run, is the beginning of a hash of history.jsonl and
	// transactions.jsonl: if it is equal for two runs of one seed, the runs are the same.
	Record string `json:"record,omitempty"`

	// Kept is the folder with all files of the run, beside runs.jsonl; empty if it was not kept.
	Kept string `json:"kept,omitempty"`
}

// Property is a property that is not valid in a run.
type Property struct {
	Name   string         `json:"property"`
	Result checker.Result `json:"result"`
	// Measured means that the property does not decide the verdict.
	Measured bool `json:"measured,omitempty"`
	// Why is the class of the reasons of an unknown verdict.
	Why string `json:"why,omitempty"`
	// Example is one of these reasons, if the class says less; for a violation, it describes what
	// happened.
	Example string `json:"example,omitempty"`
	// Shape and Faults are the cause of a violation; see [Cause].
	Shape  string   `json:"shape,omitempty"`
	Faults []string `json:"faults,omitempty"`
}

// WhyUnknown returns one reason why the verdict is unknown, or "".
func (l *Line) WhyUnknown() string {
	for _, p := range l.NotValid {
		if l.Verdict == checker.Unknown && p.Result == checker.Unknown && !p.Measured {
			return p.Name + ": " + cmp.Or(p.Example, p.Why)
		}
	}
	return ""
}

// Failed reports whether to keep the run: it violated a property that decides the verdict, or it could
// not be performed.
func (l *Line) Failed() bool { return l.Verdict == checker.Violation || l.Error != "" }
