package frame

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// Finding is the result of a decider for one key. The zero value is valid.
type Finding struct {
	Result         Result // "" is valid
	Reason         string
	Counterexample []int
	Conclusion     []string // the last sentences of the story; if there are none, the telling supplies them
	Notes          []string
	Anomalies      Anomalies         // all that is wrong, counted
	Znodes         []*evidence.Znode // that the reason names
	// ByLog means that the violation rests on the transaction log, which the reference model does
	// not know.
	ByLog bool
	// Figures are summed over keys; figures called longest… are maxima.
	Figures map[string]float64
}

// Count adds to a figure.
func (f *Finding) Count(name string, n float64) {
	if f.Figures == nil {
		f.Figures = map[string]float64{}
	}
	f.Figures[name] += n
}

// Longest keeps a figure of length, in seconds, if it is the longest.
func (f *Finding) Longest(name string, d time.Duration) {
	f.Count(name, 0)
	f.Figures[name] = max(f.Figures[name], d.Seconds())
}

// Add adds figures that were counted once for several findings.
func (f *Finding) Add(figures map[string]float64) {
	for name, n := range figures {
		f.Count(name, n)
	}
}

// Violated makes the finding a violation, unless it already is one: the first one stands.
func (f *Finding) Violated(counterexample []int, format string, args ...any) {
	f.Count("violations", 1)
	if f.Result != Violation {
		f.Result, f.Counterexample, f.Reason = Violation, evidence.Indices(counterexample...), fmt.Sprintf(format, args...)
	}
}

// Names adds the znodes that the reason of a violation names, if it is the first violation. Then
// these znodes explain it, and others do not.
func (f *Finding) Names(znodes ...*evidence.Znode) {
	if f.Figures["violations"] == 1 {
		f.Znodes = append(f.Znodes, znodes...)
	}
}

// Again counts one more violation, and returns true, if there was one already. Then the caller need
// not compute the counterexample, which may be long.
func (f *Finding) Again() bool {
	if f.Result != Violation {
		return false
	}
	f.Count("violations", 1)
	return true
}

// Unknown makes the finding unknown, unless it already is unknown or a violation.
func (f *Finding) Unknown(format string, args ...any) {
	if f.Result == "" {
		f.Result, f.Reason = Unknown, fmt.Sprintf(format, args...)
	}
}

// Overdue makes the finding a violation or unknown, as [Overdue] judged.
func (f *Finding) Overdue(r Result, counterexample []int, format string, args ...any) {
	switch r {
	case Violation:
		f.Violated(counterexample, format, args...)
	case Unknown:
		f.Unknown("%s, but the harness itself was held up then", fmt.Sprintf(format, args...))
	}
}

// Note adds a note for people.
func (f *Finding) Note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}
