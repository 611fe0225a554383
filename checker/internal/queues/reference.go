package queues

import (
	"fmt"
	"hash/maphash"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// A FIFO queue for the reference model: a list of items.
var queueReference = &frame.Reference{
	Covers:     []string{"integrity", "order", "loss"},
	Operations: queueOperations,
	Model:      func(*evidence.Record) porcupine.Model { return queueSpec() },
	Size:       listSize,
}

// listSize returns the size of states that are lists.
func listSize(state any) int {
	n := 0
	for _, s := range state.([]any) {
		n += len(s.(string)) + 32
	}
	return n
}

// queueStep is an operation on a queue. Its item is given by a code of four bytes.
type queueStep struct {
	kind     queueKind
	code     string
	priority int64
	maybe    bool // an enqueue that may never happen
	text     string
	taken    []span // of all items, by number
}

// span is the time of the dequeue that is known to have returned an item. With it, the search at
// once leaves a path that would fail only hundreds of steps later.
type span struct {
	known     bool
	call, ret int64
}

// before reports whether one item was certainly taken out before the other.
func (a span) before(b span) bool { return a.known && b.known && a.ret < b.call }

// number returns the number of an item, by its code.
func number(code string) int {
	return int(code[0]) | int(code[1])<<8 | int(code[2])<<16 | int(code[3])<<24
}

// behind reports whether an item can come after a list of others. It cannot if it was
// taken out before one of them, since each item is put in and taken out only once.
func (in *queueStep) behind(list string) bool {
	own := in.taken[number(in.code)]
	for ; list != ""; list = list[width:] {
		if own.before(in.taken[number(list)]) {
			return false
		}
	}
	return true
}

// width is the length of an item's code.
const width = 4

type queueKind int

const (
	puts    queueKind = iota
	takes             // this item
	mayTake           // takes the first item, if any, or nothing
	isEmpty           // a drain that found nothing
)

func queueOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	q := queueOf(k)
	if q.doubled != "" {
		return nil, false
	}
	var ops []porcupine.Operation
	taken := make([]span, len(q.items))
	add := func(op *history.Operation, in queueStep) {
		in.taken = taken
		ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: in, Call: int64(op.Began()), Return: k.Clamp(evidence.EffectiveBy(op))})
	}
	for i, it := range q.items {
		code := string([]byte{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)})
		if op := it.enqueue(); op != nil {
			add(op, queueStep{kind: puts, code: code, priority: it.priority, maybe: op.Outcome() == history.Info, text: fmt.Sprintf("enqueue %s", it.value)})
		}
		for _, op := range it.out {
			add(op, queueStep{kind: takes, code: code, priority: it.priority, text: fmt.Sprintf("dequeue %s", it.value)})
			taken[i] = span{true, ops[len(ops)-1].Call, ops[len(ops)-1].Return}
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
	seed := maphash.MakeSeed()
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{""} },
		Step: func(state, input, _ any) []any {
			list, in := state.(string), input.(queueStep)
			switch in.kind {
			case puts:
				var next []any
				if in.behind(list) {
					next = append(next, list+in.code)
				}
				if in.maybe && !in.taken[number(in.code)].known {
					next = append(next, list)
				}
				return next
			case takes:
				if len(list) >= width && list[:width] == in.code {
					return []any{list[width:]}
				}
				return nil
			case mayTake:
				if list == "" || in.taken[number(list)].known {
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
