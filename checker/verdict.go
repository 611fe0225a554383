package checker

import (
	"context"
	"slices"

	"github.com/zklab/zklab/checker/internal/causes"
	"github.com/zklab/zklab/checker/internal/evidence"
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

// Transaction is a committed transaction that explains part of a violation: what it created, ended
// or replaced, and which client did it.
type Transaction = causes.Transaction

// Anomaly counts the mistakes of one kind: items that were lost, that nobody had put in, or that came twice.
type Anomaly = frame.Anomaly

// Verdict is the answer about one property, of one key or (if Key is empty) of all.
type Verdict struct {
	Property string `json:"property"`
	Key      string `json:"key,omitempty"`
	Result   Result `json:"result"`
	// Reason is one sentence: for a violation, what happened, with clients and times; for unknown,
	// why it could not be decided.
	Reason string `json:"reason,omitempty"`
	// Declared means that the program which ran the experiment declares the property, and not zklab: no
	// other program can decide it. Meaning explains, in a sentence, a valid verdict about it.
	Declared bool   `json:"declared,omitempty"`
	Meaning  string `json:"meaning,omitempty"`
	// Counterexample is the counterexample: the indices of the fewest events that show the violation.
	Counterexample []int `json:"witness,omitempty"`
	// Story tells what the counterexample shows, sentence by sentence in order of time: which
	// client did what and when, what happened to sessions, which faults overlapped, and what
	// follows. It has no control characters.
	Story []string `json:"story,omitempty"`
	// Committed are the transactions that explain the violation, if the log of the run's
	// transactions shows them: a few at most, in order of zxids. They decide nothing.
	Committed []Transaction `json:"committed,omitempty"`
	// Anomalies counts all mistakes of kinds that can be counted: what was lost, what came from
	// nowhere, what came more than once.
	Anomalies []Anomaly `json:"anomalies,omitempty"`
	// Decider names the procedure: "interval sweep", "porcupine", …
	Decider string `json:"decider,omitempty"`
	// Evidence names what the verdict rests on: R real time, S sessions as the links saw them, Z zxids
	// in replies, L the transaction log, T the servers' trees, W zklab's tree watch; separated by commas.
	Evidence string `json:"evidence,omitempty"`
	// Measured means that the property is measured and does not decide the exit code (unless the
	// run is strict): belief.
	Measured bool `json:"measured,omitempty"`
	// Figures holds what was counted on the way: "holds", "contended", "proven_share", …
	Figures map[string]float64 `json:"figures,omitempty"`
	// Compared says, for each figure that counts what was compared, how much of it was in each stage of the run.
	Compared []Compared `json:"-"`
	// Short means that a valid verdict lacks only what happened too early or too late.
	Short bool `json:"-"`
	// Unexercised means that the result is unknown only because too little happened: nothing that
	// was decided is wrong ([Pool]).
	Unexercised bool `json:"-"`
	// Znodes are the znodes that the reason names.
	Znodes []*evidence.Znode `json:"-"`
	// Conclusion has the last sentences of the story, if the check has any.
	Conclusion []string `json:"-"`
	// Notes tell a reader what to know although it does not change the result.
	Notes []string `json:"notes,omitempty"`
}

// mostCalls is how many calls are drawn beside a counterexample.
const mostCalls = 4

// Calls returns the events that began the calls which explain a violation, in addition to those of
// its counterexample: a few at most.
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

// Check decides some properties of a history. Checks are safe for concurrent use, and keep nothing
// between calls. They return soon after ctx ends, with Unknown for what they could not decide.
type Check interface {
	Name() string
	Check(ctx context.Context, h *history.History) []Verdict
}
