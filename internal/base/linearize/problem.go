package linearize

import (
	"errors"
	"fmt"
	"math"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/panics"
)

// Never is the Return of an operation that may take effect at any time after its Call.
const Never = math.MaxInt64

// Problem is the operations of one object, and what they mean.
type Problem struct {
	// Model says what the operations do, one after another. Its Step must not change the state that
	// it is given. Its Partition, if any, must return the operations that it is given.
	Model      porcupine.Model
	Operations []porcupine.Operation
	// Optional reports whether an operation, by its place in Operations, may also have done
	// nothing: then a step that is impossible leaves the state as it is. An optional operation
	// usually returns at [Never], so that it can come last, where it changes nothing that counts.
	// nil: none is optional.
	Optional func(i int) bool
}

// step is one operation of a search, as the input of the model's step.
type step struct {
	porcupine.Operation
	place    int // in Problem.Operations
	optional bool
}

// parts divides the problem as its model wants it. Each operation has a step as its Input.
func (p *Problem) parts() ([][]porcupine.Operation, error) {
	all := make([]step, len(p.Operations))
	ops := make([]porcupine.Operation, len(p.Operations))
	for i, op := range p.Operations {
		all[i] = step{op, i, p.Optional != nil && p.Optional(i)}
		op.Metadata = &all[i] // which Partition keeps
		ops[i] = op
	}
	divided, err := divide(p.Model, ops)
	for _, of := range divided {
		for i := range of {
			o, own := of[i].Metadata.(*step)
			if !own {
				return nil, errors.New("the model's Partition returned an operation that it was not given")
			}
			of[i].Input, of[i].Output, of[i].Metadata = o, nil, o.Metadata
		}
	}
	return divided, err
}

// divide calls the model's Partition, if it has one.
func divide(m porcupine.Model, ops []porcupine.Operation) (parts [][]porcupine.Operation, err error) {
	if m.Partition == nil {
		return [][]porcupine.Operation{ops}, nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the model panicked in its Partition: %v%s", v, panics.Place())
		}
	}()
	return m.Partition(ops), nil
}

// stepping returns the model for the operations of parts. Impossible optional operations do nothing.
func (p *Problem) stepping() porcupine.Model {
	m := p.Model
	inner := stepOf(m)
	m.Step, m.StepContext = nil, func(c ctx, state, input, _ any) (bool, any) {
		o := input.(*step)
		ok, next := inner(c, state, o.Input, o.Output)
		if !ok && o.optional {
			return true, state
		}
		return ok, next
	}
	return m
}

// check returns what the model lacks.
func check(m porcupine.Model) error {
	switch {
	case m.Init == nil:
		return errors.New("the model has no Init")
	case m.Step == nil && m.StepContext == nil:
		return errors.New("the model has neither Step nor StepContext")
	}
	return nil
}

// say describes an operation for people, in the model's words if it has some.
func say(m porcupine.Model, input, output any) (text string) {
	if o, wrapped := input.(*step); wrapped {
		input, output = o.Input, o.Output
	}
	defer func() {
		if recover() != nil { // the model's words may be as wrong as its step
			text = fmt.Sprintf("%v -> %v", input, output)
		}
	}()
	if m.DescribeOperation != nil {
		return m.DescribeOperation(input, output)
	}
	return fmt.Sprintf("%v -> %v", input, output)
}
