package checker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// Porcupine is a [Check] by a user's own porcupine model, as described in porcupine's documentation:
// each key of the history must be linearizable. Convert a NondeterministicModel with its ToModel.
//
// The model is never asked about what it cannot know. A call that certainly had no effect is left out.
// A call of unknown outcome may have happened at any time after it began, or never. Its answer is not
// known, so its step is tried with all answers that it may have had: those of Outputs; or all values of
// a type with few of them (a bool, a struct of bools, an empty struct); or otherwise some values, which
// is enough if they make no difference to the step, as with a put. If they do, and no order is found,
// the verdict is unknown and says so.
//
// A model that panics, that does not return, that returns no state, or that changes the state it is
// given makes the verdict unknown, with one line about it.
//
// It is safe for concurrent use if its functions are.
type Porcupine struct {
	// Property is the name of the check; "" means "porcupine".
	Property string
	// Model decides. Its Partition, if any, divides the operations of a key of the history further.
	Model porcupine.Model
	// Operation returns a call in terms of the model; ok is false if the model does not know such calls.
	// The output of a call without an answer must be a zero value of the type that outputs have.
	// See [Typed]. It is required.
	Operation func(op *history.Operation) (input, output any, ok bool)
	// ReadOnly reports whether a call changes nothing. Such a call is left out if it was not
	// answered. nil means that all calls may change something.
	ReadOnly func(op *history.Operation) bool
	// Outputs returns all outputs that a call with this input may have, so that one that was not answered
	// can be tried with each. See above for nil.
	Outputs func(input any) []any
	// Time bounds the search for an order of one key; 0 means 10 s. In a testing/synctest bubble, where
	// time stands still, a number of tries does.
	Time time.Duration
	// Memory is roughly how many bytes searches may use; 0 means 256 MiB.
	Memory int64
}

// Typed returns an Operation for a [Porcupine] whose model has these inputs and outputs, if the
// history has them as JSON. input makes an input of an operation's name, its key and its argument.
func Typed[A, In, Out any](input func(f, key string, argument A) In) func(op *history.Operation) (any, any, bool) {
	return func(op *history.Operation) (any, any, bool) {
		var a A
		var out Out
		if len(op.Invoke.Value) > 0 && json.Unmarshal(op.Invoke.Value, &a) != nil {
			return nil, nil, false
		}
		if op.Outcome() == history.OK && len(op.Return.Value) > 0 && json.Unmarshal(op.Return.Value, &out) != nil {
			return nil, nil, false
		}
		return input(op.F, op.Key, a), out, true
	}
}

// Name returns the name of the property.
func (p Porcupine) Name() string {
	if p.Property == "" {
		return "porcupine"
	}
	return p.Property
}

// rule returns the model as a rule.
func (p Porcupine) rule() (declared.Rule, error) {
	m := &declared.Porcupine{
		Name:    p.Name(),
		Meaning: "the calls on each key can have happened one after another, each between its begin and its end, with the answers that they had",
		Model:   p.Model, Outputs: p.Outputs,
		Bounds: declared.Bounds{Time: p.Time, Memory: p.Memory, Tries: referenceKeyTries},
	}
	if p.Operation == nil {
		return declared.Rule{}, errors.New("this Porcupine has no Operation: it says how calls are operations of the model")
	}
	m.Values = func(c *declared.Call) (input, output any, ok bool) {
		if c.Outcome == declared.Refused {
			return nil, nil, false
		}
		return p.Operation(c.Recorded())
	}
	if p.ReadOnly != nil {
		m.ReadOnly = func(c *declared.Call) bool { return p.ReadOnly(c.Recorded()) }
	}
	if err := m.Check(); err != nil {
		return declared.Rule{}, err
	}
	return m.Rule(), nil
}

// Check decides each key, several at a time.
func (p Porcupine) Check(ctx context.Context, h *history.History) []Verdict {
	rule, err := p.rule()
	if err != nil {
		return []Verdict{{Property: p.Name(), Result: Unknown, Reason: err.Error()}}
	}
	property := *rule.Property()
	property.Declared = false // a check says itself what it means
	property.Exercise = func(_ *evidence.Record, figures map[string]float64) string {
		if figures["answered"] == 0 {
			return "no call that the model knows was answered"
		}
		return ""
	}
	return propertyCheck{&property}.Check(ctx, h)
}

// Visualize writes porcupine's own page about one key: see [Pictures.Write].
func (p Porcupine) Visualize(ctx context.Context, h *history.History, key string, w io.Writer) error {
	rule, err := p.rule()
	if err != nil {
		return err
	}
	pictures := &Pictures{a: evidence.Read(ctx, h, nil, nil), picture: rule.Picture()}
	return pictures.Write(ctx, key, w)
}
