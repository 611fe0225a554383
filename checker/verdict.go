package checker

import (
	"context"
	"slices"

	"github.com/zklab/zklab/checker/internal/causes"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
)

// Result is the answer about one property.
type Result = frame.Result

// The three answers.
const (
	Valid     = frame.Valid
	Violation = frame.Violation
	Unknown   = frame.Unknown
)

// Transaction is a committed transaction that bears on a violation: what it made, ended or
// replaced, and whose that was.
type Transaction = causes.Transaction

// Verdict is the answer about one property, of one key or (Key empty) of all.
type Verdict struct {
	Property string `json:"property"`
	Key      string `json:"key,omitempty"`
	Result   Result `json:"result"`
	// Reason is one sentence: of a violation what happened, with clients and
	// times; of an unknown why it could not be decided.
	Reason string `json:"reason,omitempty"`
	// Witness are the indices of the fewest events that show the violation.
	Witness []int `json:"witness,omitempty"`
	// Story tells of a violation what the witness shows, sentence by sentence in
	// order of time: who did what when, what became of sessions, which faults
	// overlapped, and what follows. It has no control characters.
	Story []string `json:"story,omitempty"`
	// Committed are transactions that say why, where the log of the run's transactions tells:
	// a few at most, in order of zxids. They decide nothing.
	Committed []Transaction `json:"committed,omitempty"`
	// Decider names the procedure: "interval sweep", "porcupine", …
	Decider string `json:"decider,omitempty"`
	// Evidence is what the verdict rests on: R real time, S sessions as the
	// links saw them, Z zxids in replies, L the transaction log, T the servers' trees; with
	// commas.
	Evidence string `json:"evidence,omitempty"`
	// Measured says that the property is measured and does not decide the exit
	// code (unless the run is strict): belief.
	Measured bool `json:"measured,omitempty"`
	// Figures are what was counted on the way: "holds", "contended", "proven_share", …
	Figures map[string]float64 `json:"figures,omitempty"`
	// Unexercised says of an unknown that nothing but more of the same is missing: what there
	// was of it was decided, and nothing is wrong ([Pool]).
	Unexercised bool `json:"-"`
	// Znodes are the paths of those that the reason names, for whoever tells of them.
	Znodes []string `json:"-"`
	// Notes are things that a reader should know although they change nothing.
	Notes []string `json:"notes,omitempty"`
}

// mostCalls is how many calls are drawn beside a witness.
const mostCalls = 4

// Calls are the events that began the calls which explain a violation, beside those of its witness: a
// few at most.
func (v *Verdict) Calls() (of []int) {
	for _, t := range v.Committed {
		for _, c := range t.Calls {
			if !slices.Contains(of, c) && len(of) < mostCalls {
				of = append(of, c)
			}
		}
	}
	return of
}

// Check decides some properties of a history. Checks are safe for concurrent
// use, keep nothing between calls, and end soon after ctx does, with Unknown
// for what they could not decide.
type Check interface {
	Name() string
	Check(ctx context.Context, h *history.History) []Verdict
}
