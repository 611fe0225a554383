package checker

import (
	"fmt"
	"hash/maphash"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/history"
)

// A FIFO queue for the referee: a list of items.
var queueReferee = &referee{
	covers:     []string{"integrity", "order", "loss"},
	operations: queueOperations,
	model:      func(*analysis) porcupine.Model { return queueModel() },
	size: func(state any) int {
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

func queueOperations(a *analysis, k *keyRecord) ([]porcupine.Operation, bool) {
	q := k.queue(a)
	if q.doubled != "" {
		return nil, false
	}
	var ops []porcupine.Operation
	add := func(op *history.Operation, in queueStep) {
		ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: in, Call: int64(op.Began()), Return: a.clamp(known(op))})
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
	if seen, _ := k.drained(a); seen != nil {
		ops = append(ops, porcupine.Operation{ClientId: a.params.Clients, Input: queueStep{kind: isEmpty, text: "empty"}, Call: int64(seen.Time), Return: int64(seen.Time)})
	}
	return ops, true
}

func queueModel() porcupine.Model {
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
		DescribeState:     func(state any) string { return count(len(state.(string))/width, "item") },
	}
	return m.ToModel()
}
