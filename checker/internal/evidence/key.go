package evidence

import (
	"iter"
	"slices"

	"github.com/zklab/zklab/history"
)

// Ops returns the key's operations, in order of invocation. Those of a packed record are decoded by the
// first call, and dropped by [Key.Forget]; a later call decodes them again, into others.
func (k *Key) Ops() []*history.Operation {
	if k.invocations != nil {
		return decodedOps(k)
	}
	return k.ops
}

var decodedOps = OncePerKey(func(k *Key) []*history.Operation { return k.History.OperationsAt(k.invocations) })

// EachOp yields the operations of Ops. Those of a packed record are only valid until the next one.
func (k *Key) EachOp() iter.Seq[*history.Operation] {
	if k.invocations != nil {
		return k.History.EachAt(k.invocations)
	}
	return slices.Values(k.ops)
}
