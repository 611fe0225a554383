package linear

import (
	"sort"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/prose"
)

const byPorcupine = "porcupine"

// search decides what no procedure can decide: porcupine tries all orders, within limits on time
// and memory. It first tries one part of the history after another, with any state before the part:
// to find that a part has no order takes a fraction of the time for the whole.
func (k *object) search(until time.Time, memory int64) finding {
	s := &shrinking{k: k, machine: k.h.Model.kind.machine(k), memory: min(memory, mostShrinkingMemory)}
	if end, found := s.part(time.Now().Add(time.Until(until) / 3)); found {
		w := shrinkWindow(k, end, true, s.refuted)
		return violation(byPorcupine, w, "no order explains %s", k.spans(w))
	}
	f := k.askPorcupine(until, memory)
	if f.result != checker.Violation {
		return f
	}
	last := sort.Search(len(k.ranks), func(rank int) bool { return s.impossible(cut(k.ops, 0, int32(rank)).Ops, false) })
	w := shrinkWindow(k, int32(last), false, s.impossible)
	return violation(byPorcupine, w, "no order explains %s", k.spans(w))
}

// askPorcupine lets porcupine decide a whole object.
func (k *object) askPorcupine(until time.Time, memory int64) finding {
	began := time.Now()
	got := k.explained(k.ops, newSequenced(k.h.Model.kind.machine(k), k.ops), time.Until(until), memory)
	switch {
	case got.Result == linearize.Legal:
		return valid(byPorcupine)
	case got.Result == linearize.Illegal:
		return violation(byPorcupine, nil, "porcupine tried all orders of %s, and none explains them", plural(len(k.ops), "operation"))
	case got.Bound == linearize.Memory:
		return inapplicable("porcupine gave up after %s: its memory of %s (--memory) was used up", time.Since(began).Round(10*time.Millisecond), prose.Bytes(memory))
	}
	return inapplicable("porcupine gave up after %s: its time (--budget) was used up", time.Since(began).Round(10*time.Millisecond))
}

// explained asks porcupine whether a machine can do some operations in an order that their
// intervals allow. An operation with an unknown outcome ends after all others; if it can take
// effect there, it does.
func (k *object) explained(ops []op, m machine, budget time.Duration, memory int64) linearize.Answer {
	if budget <= 0 {
		return linearize.Answer{Result: linearize.Undecided, Bound: linearize.Time}
	}
	p := linearize.Problem{Model: modelOf(m), Operations: make([]porcupine.Operation, len(ops))}
	for i := range ops {
		o := &ops[i]
		p.Operations[i] = porcupine.Operation{ClientId: int(o.process), Input: o, Call: 2 * int64(o.inv), Return: 2 * int64(min(o.ret, int32(len(k.ranks))))}
	}
	return linearize.Decide(k.ctx, p, linearize.Budget{Time: budget, Memory: max(memory, 1), Held: m.size})
}

// modelOf returns a machine as a model of porcupine.
func modelOf(m machine) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return m.initial() },
		Hash: func(state any) uint64 { return uint64(state.(int64)) },
		Step: func(state, input, _ any) (bool, any) {
			o := input.(*op)
			next, ok := m.step(state.(int64), o)
			if !ok && o.unknown() {
				next, ok = state.(int64), true
			}
			return ok, next
		},
	}
}

// Limits on what porcupine may use for a part of a history.
const (
	mostShrinkingMemory = 64 << 20
	mostPartTime        = 200 * time.Millisecond
)

// shrinking finds a small set of operations of an object that have no order.
type shrinking struct {
	k       *object
	machine machine
	memory  int64
}

// impossible reports whether some operations have no order, if each operation with an
// unknown outcome is done once or never.
func (s *shrinking) impossible(ops []op, _ bool) bool {
	m := s.k.h.Model.kind.machine(s.k)
	return s.k.explained(ops, newSequenced(m, ops), mostPartTime, s.memory).Result == linearize.Illegal
}

// refuted reports whether some operations have no order even if each operation with an unknown
// outcome may be done any number of times once it has begun, and operations of a process at the
// same time may be in any order. That leaves porcupine little to try.
func (s *shrinking) refuted(ops []op, anyStart bool) bool {
	starts := []int64{s.machine.initial()}
	if anyStart {
		starts = s.machine.starts(ops)
	}
	known, maybe := make([]op, 0, len(ops)), []op(nil)
	for _, o := range ops {
		if o.unknown() {
			maybe = append(maybe, o)
		} else {
			known = append(known, o)
		}
	}
	return s.k.explained(known, newChoices(s.machine, starts, maybe), mostPartTime, s.memory).Result == linearize.Illegal
}

// partEvents are the lengths of the parts in events. Parts overlap by half. partsAtOnce of them are cut
// out together.
var partEvents = []int32{100, 400}

const partsAtOnce = 50

// part looks for a part of the history that has no order, and returns the rank at which
// it ends. It finds none for a machine that may be in too many states at the beginning
// of a part.
func (s *shrinking) part(deadline time.Time) (until int32, found bool) {
	if s.machine.starts(s.k.ops) == nil {
		return 0, false
	}
	end := int32(len(s.k.ranks))
	for _, wide := range partEvents {
		for first := int32(0); first < end; first += partsAtOnce * wide {
			near := cut(s.k.ops, first, first+(partsAtOnce+1)*wide).Ops
			for from := first; from < min(end, first+partsAtOnce*wide); from += wide / 2 {
				if s.k.ctx.Err() != nil || time.Now().After(deadline) {
					return 0, false
				}
				if s.refuted(cut(near, from, from+wide).Ops, from > 0) {
					return min(end, from+wide), true
				}
			}
		}
	}
	return 0, false
}
