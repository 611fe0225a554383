package queues

import (
	"fmt"
	"hash/maphash"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/prose"
)

// A FIFO queue for the referee: a list of items.
var queueReferee = &frame.Referee{
	Covers:     []string{"integrity", "order", "loss"},
	Operations: queueOperations,
	Model:      func(*evidence.Record) porcupine.Model { return queueSpec() },
	Size: func(state any) int {
		n := 0
		for _, s := range state.([]any) {
			n += len(s.(string)) + 32
		}
		return n
	},
}

// queueStep is an operation on a queue, its item given by four bytes.
type queueStep struct {
	kind  queueKind
	code  string
	maybe bool // an enqueue that may never happen
	text  string
}

type queueKind int

const (
	puts    queueKind = iota
	takes             // this item
	mayTake           // the first item, whichever it is, or nothing
	isEmpty           // a drain that found nothing
)

func queueOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	q := queueOf(k)
	if q.doubled != "" {
		return nil, false
	}
	var ops []porcupine.Operation
	add := func(op *history.Operation, in queueStep) {
		ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: in, Call: int64(op.Began()), Return: k.Clamp(evidence.EffectiveBy(op))})
	}
	for i, it := range q.items {
		code := string([]byte{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)})
		if op := it.enqueue(); op != nil {
			add(op, queueStep{puts, code, op.Outcome() == history.Info, fmt.Sprintf("enqueue %s", it.value)})
		}
		for _, op := range it.out {
			add(op, queueStep{takes, code, false, fmt.Sprintf("dequeue %s", it.value)})
		}
	}
	for _, op := range q.unknown {
		add(op, queueStep{kind: mayTake, text: "dequeue ?"})
	}
	if seen, _ := drained(k); seen != nil {
		ops = append(ops, porcupine.Operation{ClientId: k.Params.Clients, Input: queueStep{kind: isEmpty, text: "empty"}, Call: int64(seen.Time), Return: int64(seen.Time)})
	}
	return ops, true
}

func queueSpec() porcupine.Model {
	const width = 4
	seed := maphash.MakeSeed()
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{""} },
		Step: func(state, input, _ any) []any {
			list, in := state.(string), input.(queueStep)
			switch in.kind {
			case puts:
				if in.maybe {
					return []any{list + in.code, list}
				}
				return []any{list + in.code}
			case takes:
				if len(list) >= width && list[:width] == in.code {
					return []any{list[width:]}
				}
				return nil
			case mayTake:
				if list == "" {
					return []any{list}
				}
				return []any{list[width:], list}
			default:
				if list == "" {
					return []any{list}
				}
				return nil
			}
		},
		Hash:              func(state any) uint64 { return maphash.String(seed, state.(string)) },
		DescribeOperation: func(input, _ any) string { return input.(queueStep).text },
		DescribeState:     func(state any) string { return prose.Count(len(state.(string))/width, "item") },
	}
	return m.ToModel()
}
