package evidence

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// Renewed lists the facts that clients got new subjects of the key, in order.
func (k *Key) Renewed() []*history.Event {
	return slices.DeleteFunc(slices.Clone(k.Facts), func(e *history.Event) bool { return e.F != history.FRenewed })
}

// OfNew reports whether an operation called a new subject, which the client got in order to see
// whether it answers.
func (k *Key) OfNew(op *history.Operation) bool {
	return slices.ContainsFunc(k.Facts, func(e *history.Event) bool {
		return e.F == history.FRenewed && e.Client == op.Client && e.Index < op.Invoke.Index
	})
}
