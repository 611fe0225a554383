package registers

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/models"
)

// A register for the reference model. The state is its value.
var registerReference = &frame.Reference{
	Covers:     []string{"linearizable"},
	Operations: registerOperations,
	Model:      func(*evidence.Record) porcupine.Model { return registerSpec() },
}

// registerStep is an operation on a register.
type registerStep struct {
	reads, writes bool // what the operation does with the value
	from, to      int32
	maybe         bool // it may never happen
	text          string
}

// registerOperations leaves out changes of unknown outcome whose values no client saw or compared
// with: if they never happened, the rest is explained just as well. A change whose value was read
// must have happened by then.
func registerOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	r := registerOf(k)
	if r.doubled != "" || r.writer[0] != nil {
		return nil, false
	}
	compared := make([]bool, len(r.values))
	read := make([]time.Duration, len(r.values))
	for i := range read {
		read[i] = evidence.Never
	}
	for _, c := range r.changes {
		if c.from != noValue {
			compared[c.from] = true
		}
	}
	for _, l := range r.reads {
		if l.kind == models.ReadFenced {
			read[l.value] = min(read[l.value], l.ret)
		}
	}
	var ops []porcupine.Operation
	for _, c := range r.changes {
		until := min(c.ret(), max(read[c.to], c.inv()))
		if until == evidence.Never && !compared[c.to] {
			continue
		}
		in := registerStep{reads: c.from != noValue, writes: true, from: c.from, to: c.to, maybe: until == evidence.Never, text: r.act(c)}
		ops = append(ops, porcupine.Operation{ClientId: c.op.Client, Input: in, Call: int64(c.inv()), Return: k.Clamp(until)})
	}
	for _, l := range r.reads {
		if l.kind == models.ReadFenced {
			in := registerStep{reads: true, from: l.value, text: fmt.Sprintf("read of %s", r.name(l.value))}
			ops = append(ops, porcupine.Operation{ClientId: max(l.client(), 0), Input: in, Call: int64(l.inv), Return: k.Clamp(l.ret)})
		}
	}
	return ops, true
}

func registerSpec() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{int32(0)} },
		Step: func(state, input, _ any) []any {
			value, in := state.(int32), input.(registerStep)
			var next []any
			if in.maybe {
				next = append(next, value)
			}
			switch {
			case in.reads && value != in.from:
			case in.writes:
				next = append(next, in.to)
			default:
				next = append(next, value)
			}
			return next
		},
		Hash:              func(state any) uint64 { return uint64(uint32(state.(int32))) * 0x9e3779b97f4a7c15 },
		DescribeOperation: func(input, _ any) string { return input.(registerStep).text },
		DescribeState:     func(state any) string { return fmt.Sprintf("value %d", state.(int32)) },
	}
	return m.ToModel()
}
