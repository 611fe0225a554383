package linearize

import (
	"context"
	"math"
	"slices"

	"github.com/anishathalye/porcupine"
)

// Explanation says how far orders of the operations get.
type Explanation struct {
	// Order is one of the longest orders of operations that the model allows, of those that respect
	// the intervals; if the problem is legal, of all operations.
	Order []Placed
	// State is the state after Order.
	State any
	// Next are the operations that could come after Order by their intervals, by their places in
	// Problem.Operations. The model allows none of them; if the problem is legal, there are none.
	Next []int
}

// Placed is an operation in an order.
type Placed struct {
	Operation int  // its place in Problem.Operations
	Did       bool // false: it is optional, and did nothing
	State     any  // after it
}

// Explain searches as [Decide] does, and keeps the longest order. If the answer is undecided, the
// explanation is of no use. It takes about twice the memory of Decide. If the model divides the
// operations, the explanation is of the first part that is illegal, or of the last part.
func Explain(c context.Context, p Problem, b Budget) (Explanation, Answer) {
	if err := check(p.Model); err != nil {
		return Explanation{}, Answer{Result: Undecided, Err: err}
	}
	parts, err := p.parts()
	if err != nil || len(p.Operations) == 0 {
		return Explanation{}, newSearch(c, p.Model, b, 0).all(parts, err)
	}
	t := &trace{}
	s := newSearch(c, p.traced(t), b, stepCost(len(p.Operations))+traceCost)
	size := b.Size
	if size != nil {
		s.Size = func(state any) int { return size(state.(*traced).state) }
	}
	a := s.wait(func() porcupine.CheckResult {
		for _, t.ops = range parts {
			s.used = 0
			if porcupine.CheckOperationsTimeout(s.model, t.ops, 0) != porcupine.Ok {
				return porcupine.Illegal
			}
		}
		return porcupine.Ok
	})
	if a.Result == Undecided {
		return Explanation{}, a
	}
	return t.explanation(), a
}

// trace records the way to the longest order.
type trace struct {
	ops     []porcupine.Operation
	longest *traced
}

// traced is a state with the step that led to it.
type traced struct {
	inOrder
	before *traced
	by     *step
	did    bool
	length int
}

// traceCost is the size of a traced state, in bytes.
const traceCost = 72

// traced returns the model with states that are traced.
func (p *Problem) traced(t *trace) porcupine.Model {
	m := p.Model
	inner := stepOf(m)
	m.Init = func() any {
		t.longest = &traced{inOrder: inOrder{state: p.Model.Init(), done: p.placed()}}
		return t.longest
	}
	m.Step, m.StepContext = nil, func(c ctx, state, input, _ any) (bool, any) {
		at, o := state.(*traced), input.(*step)
		if !at.allows(c, o) {
			return false, nil
		}
		did, next := inner(c, at.state, o.Input, o.Output)
		switch {
		case did:
		case o.optional:
			next = at.state
		default:
			return false, nil
		}
		after := &traced{inOrder: inOrder{state: next, done: at.done.with(o)}, before: at, by: o, did: did, length: at.length + 1}
		if after.length > t.longest.length {
			t.longest = after
		}
		return true, after
	}
	m.Equal, m.Hash = equalOf(p.Model), hashOf(p.Model)
	if equal := m.Equal; equal != nil {
		m.Equal = func(a, b any) bool { return equal(a.(*traced).state, b.(*traced).state) }
	}
	if hash := m.Hash; hash != nil {
		m.Hash = func(state any) uint64 { return hash(state.(*traced).state) }
	}
	return m
}

// explanation reads the trace.
func (t *trace) explanation() Explanation {
	x := Explanation{State: t.longest.state}
	placed := map[int]bool{}
	for at := t.longest; at.by != nil; at = at.before {
		x.Order = append(x.Order, Placed{at.by.place, at.did, at.state})
		placed[at.by.place] = true
	}
	slices.Reverse(x.Order)
	first := int64(math.MaxInt64) // what begins later has to come after something else
	for _, op := range t.ops {
		if !placed[op.Input.(*step).place] {
			first = min(first, op.Return)
		}
	}
	for _, op := range t.ops {
		if o := op.Input.(*step); !placed[o.place] && op.Call <= first {
			x.Next = append(x.Next, o.place)
		}
	}
	return x
}
