package linearize

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/panics"
)

// Never is the Return of an operation that may take effect at any time after its Call.
const Never = math.MaxInt64

// Problem holds the operations of one object, and their meaning.
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
	// After returns operations that must come before operation i in every order, in addition to what
	// the intervals say, by their places in Operations. Operations in another part than i do not count.
	// nil: there are none.
	After func(i int) []int
	// Idle reports whether the order of operation i decides nothing but its own answer: as soon as it
	// is possible and leaves the state as it is, it comes next, and nothing else is tried. So a search
	// does not try the many orders of reads that may have seen an old state. nil: there are none.
	Idle func(i int) bool
}

// step is one operation of a search, as the input of the model's step.
type step struct {
	porcupine.Operation
	place    int // in Problem.Operations
	optional bool
	after    []int // places of operations that come before it
	idle     bool
	part     *idlers // of its part; nil if none is idle
}

// parts divides the problem as its model wants it. Each operation has a step as its Input.
func (p *Problem) parts() ([][]porcupine.Operation, error) {
	all := make([]step, len(p.Operations))
	ops := make([]porcupine.Operation, len(p.Operations))
	for i, op := range p.Operations {
		all[i] = step{Operation: op, place: i, optional: p.Optional != nil && p.Optional(i)}
		if p.After != nil {
			all[i].after = p.After(i)
		}
		all[i].idle = p.Idle != nil && p.Idle(i)
		op.Metadata = &all[i] // which Partition keeps
		ops[i] = op
	}
	divided, err := divide(p.Model, ops)
	apart := make([]int, len(all)) // by place: the part
	for n, of := range divided {
		for i := range of {
			if o, own := of[i].Metadata.(*step); own {
				apart[o.place] = n
			}
		}
	}
	for n, of := range divided {
		for i := range of {
			o, own := of[i].Metadata.(*step)
			if !own {
				return nil, errors.New("the model's Partition returned an operation that it was not given")
			}
			of[i].Input, of[i].Output, of[i].Metadata = o, nil, o.Metadata
			if len(divided) > 1 && len(o.after) > 0 {
				o.after = slices.DeleteFunc(slices.Clone(o.after), func(place int) bool { return apart[place] != n })
			}
		}
		p.idlers(of)
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

// stepping returns the model with a step for the operations that parts returns. An impossible optional
// operation does nothing.
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
	if p.follows() {
		return p.inOrder(m)
	}
	return m
}

// follows reports whether it matters for a step which operations are placed.
func (p *Problem) follows() bool { return p.After != nil || p.Idle != nil }

// placed is the set of operations in an order: one bit for each place in Problem.Operations; nil if it does not
// matter.
type placed []uint64

// placed returns the empty set.
func (p *Problem) placed() placed {
	if !p.follows() {
		return nil
	}
	return make(placed, (len(p.Operations)+63)/64)
}

// allows reports whether an operation can be the next one.
func (done placed) allows(o *step) bool {
	for _, place := range slices.Backward(o.after) { // the latest are the likeliest to be missing
		if !done.has(place) {
			return false
		}
	}
	return true
}

func (done placed) has(place int) bool { return done[place/64]&(1<<(place%64)) != 0 }

// with returns the set with one more operation.
func (done placed) with(o *step) placed {
	if done == nil {
		return nil
	}
	done = slices.Clone(done)
	done[o.place/64] |= 1 << (o.place % 64)
	return done
}

// inOrder is a state of the model, and what led to it. States after the same operations differ in the
// model's state only.
type inOrder struct {
	state any
	done  placed
	next  *next // nil until it is looked for
}

// allows reports whether a step may come next.
func (at *inOrder) allows(c ctx, o *step) bool {
	if !at.done.allows(o) {
		return false
	}
	if at.next == nil {
		at.next = o.part.next(c, at.state, at.done)
	}
	return at.next.allows(o)
}

// inOrder returns the model with steps that are possible only after those that After and Idle put
// before them.
func (p *Problem) inOrder(m porcupine.Model) porcupine.Model {
	inner, begin, equal, hash, describe := stepOf(m), m.Init, equalOf(m), hashOf(m), m.DescribeState
	m.Init = func() any { return &inOrder{state: begin(), done: p.placed()} }
	m.Step, m.StepContext = nil, func(c ctx, state, input, output any) (bool, any) {
		at, o := state.(*inOrder), input.(*step)
		if !at.allows(c, o) {
			return false, nil
		}
		ok, next := inner(c, at.state, input, output)
		if !ok || next == nil && at.state != nil {
			return ok, nil // if ok, the nil state ends the search with an error
		}
		return true, &inOrder{state: next, done: at.done.with(o)}
	}
	m.Equal = func(a, b any) bool { return equal(a.(*inOrder).state, b.(*inOrder).state) }
	if hash != nil {
		m.Hash = func(state any) uint64 { return hash(state.(*inOrder).state) }
	}
	if describe != nil {
		m.DescribeState = func(state any) string { return describe(state.(*inOrder).state) }
	} else {
		m.DescribeState = func(state any) string { return fmt.Sprintf("%v", state.(*inOrder).state) }
	}
	return m
}

// check returns an error if the model lacks a function.
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
