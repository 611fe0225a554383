package linear

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

const byPorcupine = "porcupine"

// askPorcupine lets porcupine search, within a time and some memory. An unknown
// operation is one that may happen at the very end, where it does something if
// it can.
func askPorcupine(k *object, budget time.Duration, memory int64) finding {
	ops := make([]porcupine.Operation, 0, len(k.ops))
	for i := range k.ops {
		o := &k.ops[i]
		if o.code == dequeue && o.unknown() && k.h.Model.kind.name == "bag" {
			return inapplicable("porcupine cannot tell what an unknown dequeue took")
		}
		ops = append(ops, porcupine.Operation{ClientId: int(o.process), Input: o, Call: int64(o.inv), Return: int64(min(o.ret, int32(len(k.ranks))))})
	}
	if budget <= 0 {
		return inapplicable("the budget for checking was used up")
	}
	m := k.h.Model.kind.machine(k)
	b := &bound{ctx: k.ctx, left: memory, step: int64(len(ops))/8 + 150}
	switch res := porcupine.CheckOperationsTimeout(b.model(m), ops, budget); {
	case b.spent.Load() || res == porcupine.Unknown:
		return inapplicable("porcupine found no answer within %s and %d MB", budget.Round(time.Millisecond), memory>>20)
	case res == porcupine.Ok:
		return valid(byPorcupine)
	}
	return violation(byPorcupine, nil, "porcupine tried all orders of %s, and none explains them", plural(len(ops), "operation"))
}

// bound ends a search that takes too much memory.
type bound struct {
	ctx   context.Context
	left  int64
	step  int64 // roughly what porcupine keeps for each step
	spent atomic.Bool
}

func (b *bound) model(m machine) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return m.initial() },
		Hash: func(state any) uint64 { return uint64(state.(int64)) },
		Step: func(state, input, _ any) (bool, any) {
			if b.left < m.size() || b.spent.Load() || b.ctx.Err() != nil {
				b.spent.Store(true)
				return false, nil
			}
			o := input.(*op)
			next, ok := m.step(state.(int64), o)
			if !ok && o.unknown() {
				next, ok = state.(int64), true
			}
			if ok {
				b.left -= b.step
			}
			return ok, next
		},
	}
}
