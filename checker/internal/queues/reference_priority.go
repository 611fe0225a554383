package queues

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/anishathalye/porcupine"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/internal/base/prose"
)

// A priority queue for the reference model: a list of items with their priorities, in the order in
// which they went in. The first item of each priority may come out; from a strict queue, only the
// first item of the best priority.
var (
	classReference = &frame.Reference{
		Covers:     []string{"integrity", "class-order", "loss"},
		Operations: queueOperations,
		Model:      func(*evidence.Record) porcupine.Model { return prioritySpec(firstOfEach) },
		Size:       listSize,
	}
	strictReference = &frame.Reference{
		Covers:  []string{"integrity", "class-order", "loss", "strict"},
		Applies: strict.Applies,
		// Items of one priority may have to wait for each other, and an item that a call of unknown
		// outcome put in or took may have been in the way.
		Refines:    true,
		Operations: strictOperations,
		Model:      func(*evidence.Record) porcupine.Model { return prioritySpec(firstOfBest) },
		Size:       listSize,
	}
)

// strictOperations lists the operations of a queue, including the dequeues that found nothing: the
// answer of a strict queue is never outdated.
func strictOperations(k *evidence.Key) ([]porcupine.Operation, bool) {
	ops, ok := queueOperations(k)
	for _, op := range queueOf(k).noneThere() {
		ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: queueStep{kind: isEmpty, text: "empty"}, Call: int64(op.Began()), Return: int64(op.Return.Time)})
	}
	return ops, ok
}

// rankedWidth is the length of an item in a list: its code and its priority, of eight bytes.
const rankedWidth = width + 8

func entry(in queueStep) string {
	return in.code + string(binary.BigEndian.AppendUint64(nil, uint64(in.priority)))
}

func priorityAt(list string, i int) int64 {
	return int64(binary.BigEndian.Uint64([]byte(list[i+width : i+rankedWidth])))
}

// firstOfEach reports whether the item at a place is the first of its priority.
func firstOfEach(list string, place int) bool {
	p := priorityAt(list, place)
	for i := 0; i < place; i += rankedWidth {
		if priorityAt(list, i) == p {
			return false
		}
	}
	return true
}

// firstOfBest reports whether no other item is better, or equally good and before it.
func firstOfBest(list string, place int) bool {
	p := priorityAt(list, place)
	for i := 0; i < len(list); i += rankedWidth {
		if other := priorityAt(list, i); other < p || other == p && i < place {
			return false
		}
	}
	return true
}

// placeOf returns where an item is in a list; -1 if it is not there.
func placeOf(list, item string) int {
	for i := 0; i < len(list); i += rankedWidth {
		if list[i:i+rankedWidth] == item {
			return i
		}
	}
	return -1
}

// prioritySpec returns the model of a list from which an item comes out only where may allows it. A
// dequeue of unknown outcome may have taken only an item that no other dequeue is known to have
// taken. Any other choice would fail some steps later, at the dequeue that is known to have taken
// that item, and until then each such choice would be a state of its own.
func prioritySpec(may func(list string, place int) bool) porcupine.Model {
	seed := maphash.MakeSeed()
	without := func(list string, i int) string { return list[:i] + list[i+rankedWidth:] }
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{""} },
		Step: func(state, input, _ any) (next []any) {
			list, in := state.(string), input.(queueStep)
			switch in.kind {
			case puts:
				next = []any{list + entry(in)}
				if in.maybe && !in.taken[number(in.code)].known {
					next = append(next, list)
				}
			case takes:
				if i := placeOf(list, entry(in)); i >= 0 && may(list, i) {
					next = []any{without(list, i)}
				}
			case mayTake:
				next = []any{list}
				for i := 0; i < len(list); i += rankedWidth {
					if !in.taken[number(list[i:])].known && may(list, i) {
						next = append(next, without(list, i))
					}
				}
			default:
				if list == "" {
					next = []any{list}
				}
			}
			return next
		},
		Hash:              func(state any) uint64 { return maphash.String(seed, state.(string)) },
		DescribeOperation: func(input, _ any) string { return input.(queueStep).text },
		DescribeState:     func(state any) string { return prose.Count(len(state.(string))/rankedWidth, "item") },
	}
	return m.ToModel()
}
