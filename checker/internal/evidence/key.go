package evidence

import (
	"iter"
	"slices"

	"github.com/zklab/zklab/history"
)

// Ops returns the key's operations, in order of invocation. If the record is packed, the first call decodes
// them and [Key.Forget] drops them; a later call decodes them again and returns other pointers.
func (k *Key) Ops() []*history.Operation {
	if k.invocations != nil {
		return decodedOps(k)
	}
	return k.ops
}

var decodedOps = OncePerKey(func(k *Key) []*history.Operation { return k.History.OperationsAt(k.invocations) })

// EachOp yields the operations of Ops. If the record is packed, each is valid only until the next one.
func (k *Key) EachOp() iter.Seq[*history.Operation] {
	if k.invocations != nil {
		return k.History.EachAt(k.invocations)
	}
	return slices.Values(k.ops)
}
