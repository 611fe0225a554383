package barriers

import (
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// A barrier for the reference model: up or down.
var barrierReference = &frame.Reference{
	Covers: []string{"early"},
	// The fast check does not consider which of several coordinators was first, or
	// which of several times down a lift with an unknown outcome explains.
	Refines:    true,
	Operations: barrierOperations,
	Model:      func(*evidence.Record) porcupine.Model { return barrierSpec() },
}

// barrierStep is an operation on a barrier. maybe means that it may never happen.
type barrierStep struct {
	f      string
	maybe  bool
	raises uint64 // of a raise: its own bit; of an await: the raises that its client had been told of
}

// barrierRaises is the maximum number of raises with a known zxid for the reference model: a
// state has a bit for each.
const barrierRaises = 64

func barrierOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	var ops []porcupine.Operation
	raises := seenRaises(k)
	if len(raises) > barrierRaises {
		return nil, false
	}
	for _, op := range k.Ops() {
		outcome := op.Outcome()
		switch {
		case outcome == history.Fail:
			continue
		case op.F == models.FAwait && outcome == history.OK:
			in := barrierStep{f: op.F}
			for i, r := range raises {
				if r.zxid <= k.Told(op) {
					in.raises |= 1 << i
				}
			}
			ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: in, Call: k.Clamp(k.View(op)), Return: int64(op.Return.Time)})
		case op.F == models.FRaise, op.F == models.FLift:
			in, until := barrierStep{f: op.F, maybe: outcome == history.Info}, evidence.EffectiveBy(op)
			for i, r := range raises {
				if r.op == op {
					in.raises, until = 1<<i, min(until, r.by)
				}
			}
			ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: in, Call: int64(op.Began()), Return: k.Clamp(until)})
		}
	}
	return ops, true
}

// seenRaise is a raise that had its effect by a zxid that some session had seen.
type seenRaise struct {
	op   *history.Operation
	zxid uint64
	by   time.Duration
}

// seenRaises lists the raises that some await must follow.
func seenRaises(k *evidence.Key) []seenRaise {
	var of []seenRaise
	for _, op := range k.Ops() {
		if op.F != models.FRaise {
			continue
		}
		z, by := raisedBy(op), evidence.Never
		for _, o := range k.Ops() {
			if z != 0 && o.F == models.FAwait && seenBy(o) >= z {
				by = min(by, o.Began())
			}
		}
		if by != evidence.Never {
			of = append(of, seenRaise{op, z, by})
		}
	}
	return of
}

// barrierState says whether the barrier is up, and which raises are done.
type barrierState struct {
	up   bool
	done uint64
}

func barrierSpec() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{barrierState{}} },
		Step: func(state, input, _ any) []any {
			s, in := state.(barrierState), input.(barrierStep)
			next := s
			switch in.f {
			case models.FRaise:
				next = barrierState{true, s.done | in.raises}
			case models.FLift:
				next.up = false
			default:
				if s.up || in.raises&^s.done != 0 {
					return nil
				}
			}
			if in.maybe && next != s {
				return []any{next, s}
			}
			return []any{next}
		},
		DescribeOperation: func(input, _ any) string {
			in := input.(barrierStep)
			if in.maybe {
				return in.f + "?"
			}
			return in.f
		},
		DescribeState: func(state any) string {
			if state.(barrierState).up {
				return "up"
			}
			return "down"
		},
	}
	return m.ToModel()
}
