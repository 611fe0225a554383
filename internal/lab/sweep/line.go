package sweep

import (
	"cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/stats/samples"
)

// Line describes one run, as one JSON object in runs.jsonl. Empty fields are left out.
type Line struct {
	Seed int64 `json:"seed"`
	// Verdict is the run's; empty if it came to none, and Error says why.
	Verdict checker.Result `json:"verdict,omitempty"`
	Error   string         `json:"error,omitempty"`
	// Drawn describes what the seed drew for the run, for people; see [Draw].
	Drawn string `json:"drawn,omitempty"`

	// Valid are the properties that are, NotValid the others.
	Valid    []string   `json:"valid,omitempty"`
	NotValid []Property `json:"not_valid,omitempty"`
	// Unchecked lists the properties that nobody could check, with the reason.
	Unchecked map[string]string `json:"unchecked,omitempty"`

	Operations int `json:"operations,omitempty"`
	Events     int `json:"events,omitempty"` // of the history: the size of the run
	// VirtualMS is how long the run lasted by its own clock, WallMS what it took, both in
	// milliseconds; in real time they are nearly the same. AtMS is when it was written, since the
	// beginning of the session that ran it.
	VirtualMS int64 `json:"virtual_ms,omitempty"`
	WallMS    int64 `json:"wall_ms,omitempty"`
	AtMS      int64 `json:"at_ms,omitempty"`

	Struck
	// Met is which requests met which faults; see [Exercised].
	Met Exercised `json:"met,omitempty"`

	// Behaviours are those that the run met; see [coverage.Hashes].
	Behaviours []uint32 `json:"behaviours,omitempty"`

	// Leaks are the warnings that what the clients left behind grew with the load.
	Leaks []string `json:"leaks,omitempty"`

	// Samples are the times that the run measured.
	Samples *samples.Samples `json:"samples,omitempty"`

	// ZooKeeper is the version of the servers; empty if it is not known.
	ZooKeeper string `json:"zookeeper,omitempty"`

	// Record is the beginning of a hash of history.jsonl and transactions.jsonl, of a simulated
	// run: runs of one seed are the same if it is.
	Record string `json:"record,omitempty"`

	// Kept is the folder with all of the run, beside runs.jsonl; empty if it was not kept.
	Kept string `json:"kept,omitempty"`
}

// Property is one that is not valid in a run.
type Property struct {
	Name   string         `json:"property"`
	Result checker.Result `json:"result"`
	// Measured means that it does not decide.
	Measured bool `json:"measured,omitempty"`
	// Why is the class of reasons of an unknown.
	Why string `json:"why,omitempty"`
	// Example is one of these reasons, if its class says less, or what happened in a violation.
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

// Failed reports whether the run is one to keep: something was violated that decides, or it could
// not be run.
func (l *Line) Failed() bool { return l.Verdict == checker.Violation || l.Error != "" }
