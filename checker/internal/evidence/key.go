package evidence

import (
	"iter"
	"slices"

	"github.com/zklab/zklab/history"
)

// Ops returns the key's operations, in order of invocation. Those of a packed record are decoded by the
// first call, and dropped by [Key.Forget]; a later call decodes them again, into others.
func (k *Key) Ops() []*history.Operation {
	if k.numbers != nil {
		return decodedOps(k)
	}
	return k.ops
}

var decodedOps = OncePerKey(func(k *Key) []*history.Operation { return slices.Collect(k.EachOp()) })

// EachOp yields the operations of Ops, and keeps none of them.
func (k *Key) EachOp() iter.Seq[*history.Operation] {
	if k.numbers == nil {
		return slices.Values(k.ops)
	}
	return func(yield func(*history.Operation) bool) {
		for _, n := range k.numbers {
			if !yield(k.History.Operation(int(n))) {
				return
			}
		}
	}
}
