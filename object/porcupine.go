package object

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/internal/base/printable"
)

// Porcupine is the rule that a model of github.com/anishathalye/porcupine explains all answers, object by
// object, and within an object by the model's Partition. values returns a call as the model's input and output.
// The output of a call without an answer ([IsUnheard]) is not known: the model should accept any. If it accepts
// none in some state, the call counts there as one that never happened. Calls without an answer of read-only
// operations are left out.
//
// States are compared by [reflect.DeepEqual]; Equal and Hash of the model are not used. A NondeterministicModel
// has the method ToModel. The rule is called "porcupine", and has the bounds of [Sequential].
func Porcupine(model porcupine.Model, values func(*Did) (input, output any)) Rule {
	return porcupineRule{model, values}
}

type porcupineRule struct {
	model  porcupine.Model
	values func(*Did) (input, output any)
}

// both are a call as the model sees it.
type both struct{ input, output any }

func (p porcupineRule) rules(operations []*operation) ([]declared.Rule, error) {
	m := p.model
	if m.Init == nil || m.Step == nil && m.StepContext == nil || p.values == nil {
		return nil, errors.New("a porcupine model has no Init or no Step, or there is no function for its values")
	}
	spec := &declared.Spec{
		Name: "porcupine", Meaning: "one order of the calls explains every answer, by the model of the program",
		Initial: m.Init(), Steps: map[string]declared.Step{},
	}
	read := func(c *declared.Call) both {
		in, out := p.values(c)
		return both{in, out}
	}
	if m.Partition != nil {
		spec.Split = func(calls []*declared.Call) (parts [][]*declared.Call) {
			var ops []porcupine.Operation
			for i, c := range calls {
				v := read(c)
				ops = append(ops, porcupine.Operation{
					ClientId: c.Client, Input: v.input, Output: v.output,
					Call: int64(c.Began), Return: int64(c.Effective()), Metadata: i,
				})
			}
			for _, part := range m.Partition(ops) {
				var of []*declared.Call
				for _, op := range part {
					i, ok := op.Metadata.(int)
					if !ok {
						declared.Mistake("the Partition of the model drops Metadata")
					}
					of = append(of, calls[i])
				}
				slices.SortStableFunc(of, func(a, b *declared.Call) int { return a.Events()[0] - b.Events()[0] })
				parts = append(parts, of)
			}
			return parts
		}
	}
	step := func(state any, c *declared.Call, _ Caller, heard bool) ([]any, error) {
		v := c.Decoded.(both)
		var ok bool
		var next any
		if m.StepContext != nil {
			ok, next = m.StepContext(context.Background(), state, v.input, v.output)
		} else {
			ok, next = m.Step(state, v.input, v.output)
		}
		switch {
		case ok:
			return []any{next}, nil
		case !heard && c.Outcome == declared.Answered: // it happened with an answer that the model cannot name
			return []any{state}, nil
		}
		return nil, fmt.Errorf("%s is impossible", p.tell(c, v))
	}
	for _, o := range operations {
		spec.Steps[o.name] = declared.Step{Reads: o.reads, Plain: o.plain, Next: step, Decode: func(c *declared.Call) error {
			c.Decoded = read(c)
			return nil
		}}
	}
	return []declared.Rule{declared.Sequential(spec)}, nil
}

// tell tells a call as the model does, if it can.
func (p porcupineRule) tell(c *declared.Call, v both) string {
	if p.model.DescribeOperation == nil {
		return c.Operation + " with that answer"
	}
	return printable.Text(p.model.DescribeOperation(v.input, v.output), mostValue)
}
