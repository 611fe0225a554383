package counters

import (
	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
)

// The counter for the reference model. Its state is its value.
var reference = &frame.Reference{
	Covers:     []string{"linearizable"},
	Operations: operations,
	Model:      func(*evidence.Record) porcupine.Model { return spec },
}

func operations(k *evidence.Key) ([]porcupine.Operation, bool) {
	c := counterOf(k)
	if c.odd != nil {
		return nil, false
	}
	var ops []porcupine.Operation
	for _, s := range c.steps {
		ops = append(ops, porcupine.Operation{ClientId: s.op.Client, Input: s, Call: int64(s.inv), Return: k.Clamp(s.ret)})
	}
	return ops, true
}

// spec lets an operation of unknown outcome have had no effect.
var spec = func() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{int64(0)} },
		Step: func(state, input, _ any) []any {
			now, s := state.(int64), input.(*step)
			fits := s.value == now+1
			switch {
			case s.kind == reads && s.value == now:
				return []any{now}
			case s.kind == makes && fits:
				return []any{now + 1}
			case s.kind == either, s.kind == might && fits:
				return []any{now, now + 1}
			case s.kind == might:
				return []any{now}
			}
			return nil
		},
		Equal:             func(a, b any) bool { return a == b },
		Hash:              func(state any) uint64 { return uint64(state.(int64)) },
		DescribeOperation: func(input, _ any) string { return input.(*step).text },
	}
	return m.ToModel()
}()
