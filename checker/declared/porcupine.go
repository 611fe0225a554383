package declared

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/panics"
)

// Porcupine is a model for porcupine, and the way in which the calls of a history
// become its operations.
type Porcupine struct {
	Name, Meaning string // of the property
	Declared      string // where the program declares it, as [Step.Declared]
	// Model is porcupine's model. Its Partition divides the calls of a key further.
	Model porcupine.Model
	// Values returns a call in terms of the model; ok is false if the model does not know the
	// call. The output of a call without an answer is a zero value of the type that its outputs
	// have.
	Values func(*Call) (input, output any, ok bool)
	// Reads, Plain and Cached report, for an operation, what the fields of [Step] with these names
	// hold. nil means false for all.
	Reads, Plain, Cached func(operation string) bool
	// ReadOnly reports whether a call changes nothing, though other calls of its operation may. nil
	// means that no call is read-only in this sense.
	ReadOnly func(*Call) bool
	// Answer returns the type of the answers of an operation, as JSON. nil: they are not known.
	Answer func(operation string) reflect.Type
	// Outputs returns all outputs that a call with this input may have. nil: they are not known.
	Outputs func(input any) []any
	Bounds  Bounds
}

// Check returns the first mistake in the model that shows without any calls.
func (m *Porcupine) Check() (err error) {
	switch {
	case m.Model.Init == nil:
		return errors.New("the model has no Init")
	case m.Model.Step == nil && m.Model.StepContext == nil:
		return errors.New("the model has neither Step nor StepContext")
	case m.Values == nil:
		return errors.New("there is no function for the values of the model")
	}
	of := "Init"
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the model's %s panicked: %v%s", of, p, panics.Place())
		}
	}()
	a, b := m.Model.Init(), m.Model.Init()
	if m.Model.Equal != nil {
		of = "Equal"
		m.Model.Equal(a, b)
	}
	if m.Model.Hash != nil {
		of = "Hash"
		m.Model.Hash(a)
	}
	return nil
}

// asked is a call in terms of a model.
type asked struct {
	input, output any
	call          *Call
	outputs       []any // that a call of unknown outcome may have
	guessed       bool  // there may be others
	// mattered means that the step does not do the same for all outputs, so that a further output
	// may matter.
	mattered atomic.Bool
}

// Rule returns the rule that the model explains all answers. [Porcupine.Check] must accept the
// model.
func (m *Porcupine) Rule() Rule {
	says := func(f func(string) bool, operation string) bool { return f != nil && f(operation) }
	s := &Spec{
		Name: m.Name, Meaning: m.Meaning, Declared: m.Declared, Begin: m.Model.Init, Bounds: m.Bounds,
		Step: func(operation string) (Step, bool) {
			plain, cached := says(m.Plain, operation), says(m.Cached, operation)
			return Step{Declared: m.Declared, Reads: plain || cached || says(m.Reads, operation), Plain: plain, Cached: cached, Decode: m.decode, Next: m.next}, true
		},
		prepare: m.guess, doubt: doubt, equal: m.Model.Equal, hash: m.Model.Hash, show: m.Model.DescribeState,
		tell: func(c *Call, value any) string {
			a := value.(*asked)
			if m.Model.DescribeOperation != nil {
				return m.Model.DescribeOperation(a.input, a.output)
			}
			return fmt.Sprintf("%s %v -> %v", c.Operation, a.input, a.output)
		},
	}
	if m.Model.Partition != nil {
		s.partition = m.partition
	}
	return Sequential(s)
}

func (m *Porcupine) decode(c *Call) (any, bool, error) {
	if m.ReadOnly != nil && c.Outcome == Unheard && m.ReadOnly(c) {
		return nil, false, nil
	}
	input, output, ok := m.Values(c)
	return &asked{input: input, output: output, call: c}, ok, nil
}

// next makes a step. The model is never asked about what it cannot know: a call of unknown outcome may have
// any of its outputs.
func (m *Porcupine) next(state, value any, c *Call, _ Caller, heard bool) (next []any, why error) {
	a := value.(*asked)
	if c.Outcome != Unheard {
		ok, after := m.step(state, a.input, a.output)
		switch {
		case !ok && !heard: // it happened with an answer that the model cannot name
			return []any{state}, nil
		case !ok:
			return nil, nil
		}
		if after == nil && state != nil {
			Mistake("the model's step for %s says that it is possible, and returns nil instead of a state", m.say(a))
		}
		return []any{after}, nil
	}
	equal := m.Model.Equal
	if equal == nil {
		equal = same
	}
	allowed := 0
	for _, output := range a.outputs {
		ok, after := m.try(state, a, output)
		if !ok {
			continue
		}
		allowed++
		if !slices.ContainsFunc(next, func(other any) bool { return equal(other, after) }) {
			next = append(next, after)
		}
	}
	if a.guessed && (allowed < len(a.outputs) || len(next) > 1) {
		a.mattered.Store(true)
	}
	return next, nil
}

func (m *Porcupine) step(state, input, output any) (bool, any) {
	if m.Model.StepContext != nil {
		return m.Model.StepContext(context.Background(), state, input, output)
	}
	return m.Model.Step(state, input, output)
}

// try makes a step with an output that the call may have had. The model need not expect an output
// that is only guessed.
func (m *Porcupine) try(state any, a *asked, output any) (ok bool, next any) {
	if a.guessed {
		defer func() {
			if recover() != nil {
				ok, next = false, nil
			}
		}()
	}
	ok, next = m.step(state, a.input, output)
	return ok && (next != nil || state == nil), next
}

func (m *Porcupine) say(a *asked) string {
	if m.Model.DescribeOperation != nil {
		return m.Model.DescribeOperation(a.input, a.output)
	}
	return a.call.Operation
}

// doubt names the call of unknown outcome that may have had an output that explains the calls.
func doubt(values []any) string {
	for _, v := range values {
		if a := v.(*asked); a.mattered.Load() {
			return fmt.Sprintf("it is not known what the %s of client %d at %s answered, and the model looks at that: say in Outputs which answers there can be, or which calls change nothing",
				a.call.Operation, a.call.Client, at(a.call.Began))
		}
	}
	return ""
}

// partition applies the model's Partition to items.
func (m *Porcupine) partition(ops []porcupine.Operation) [][]porcupine.Operation {
	plain := slices.Clone(ops)
	back := map[any]any{} // by metadata, which is different for each operation
	for i := range plain {
		a := plain[i].Input.(*item).value.(*asked)
		back[plain[i].Metadata] = plain[i].Input
		plain[i].Input, plain[i].Output = a.input, a.output
	}
	parts := m.Model.Partition(plain)
	for _, part := range parts {
		for i := range part {
			if it, known := back[part[i].Metadata]; known {
				part[i].Input, part[i].Output = it, nil
			}
		}
	}
	return parts
}
