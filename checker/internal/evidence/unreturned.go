package evidence

import (
	"time"

	"github.com/zklab/zklab/history"
)

// Unreturned is a call that had not returned when its client gave up waiting for it.
type Unreturned struct {
	Op    *history.Operation
	Until time.Duration // when its context ended
	Gave  *history.Event
}

// Unreturned returns the calls that did not return although their contexts had ended, in order, without those that
// may do so.
func (k *Key) Unreturned() (all []Unreturned) {
	for _, e := range k.Facts {
		var v history.Unreturned
		if e.F != history.FUnreturned || e.Decode(&v) != nil || k.Object.Operation(v.Of).Unbounded {
			continue
		}
		for _, op := range k.Ops() {
			if op.Client == e.Client && op.F == v.Of && op.Return == nil && op.Invoke.Index < e.Index {
				all = append(all, Unreturned{op, v.Until, e})
			}
		}
	}
	return all
}
