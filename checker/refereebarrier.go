package checker

import (
	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/history"
)

// A barrier for the referee: up or down.
var barrierReferee = &referee{
	covers:     []string{"early"},
	operations: barrierOperations,
	model:      func(*analysis) porcupine.Model { return barrierModel() },
}

// barrierStep is an operation on a barrier. maybe: it may never happen.
type barrierStep struct {
	f     string
	maybe bool
}

func barrierOperations(a *analysis, k *keyRecord) ([]porcupine.Operation, bool) {
	var ops []porcupine.Operation
	for _, op := range k.ops {
		outcome := op.Outcome()
		switch {
		case outcome == history.Fail:
			continue
		case op.F == history.FAwait && outcome == history.OK:
			ops = append(ops, porcupine.Operation{
				ClientId: op.Client, Input: barrierStep{op.F, false},
				Call: a.clamp(a.view(op)), Return: int64(op.Return.Time),
			})
		case op.F == history.FRaise, op.F == history.FLift:
			ops = append(ops, porcupine.Operation{
				ClientId: op.Client, Input: barrierStep{op.F, outcome == history.Info},
				Call: int64(op.Began()), Return: a.clamp(known(op)),
			})
		}
	}
	return ops, true
}

func barrierModel() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{false} },
		Step: func(state, input, _ any) []any {
			up, in := state.(bool), input.(barrierStep)
			var next []any
			switch in.f {
			case history.FRaise:
				next = []any{true}
			case history.FLift:
				next = []any{false}
			default:
				if up {
					return nil
				}
				return []any{up}
			}
			if in.maybe && next[0] != state {
				next = append(next, state)
			}
			return next
		},
		DescribeOperation: func(input, _ any) string {
			in := input.(barrierStep)
			if in.maybe {
				return in.f + "?"
			}
			return in.f
		},
		DescribeState: func(state any) string {
			if state.(bool) {
				return "up"
			}
			return "down"
		},
	}
	return m.ToModel()
}
