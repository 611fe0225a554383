package traits

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Queue names the operations that put items in and take them out. An item is the argument of Put and the
// answer of Take, as JSON; each must be put once only. An answer of null, or none, means that there
// was no item.
type Queue struct {
	Put, Take string
	// Unordered means that items may come out in any order.
	Unordered bool
	// Waits means that a Take may return nothing because a dead client holds up an item until its
	// session ends.
	Waits bool
}

// Queued returns the properties of a queue for such operations: integrity, loss and, unless it is
// unordered, order.
func Queued(x Queue) []*frame.Property {
	of := queues.Queue
	names := []string{"integrity", "order", "loss"}
	if x.Unordered {
		names = []string{"integrity", "loss"}
	}
	return inWords(map[string]string{asPut: x.Put, asTake: x.Take}, seenAs(of, only(of.Properties, names...), func(h *history.History, a *evidence.Record) {
		ops := a.History.Operations()
		for i, op := range ops {
			x.play(h, op, i)
		}
		x.drain(h, ops)
	}))
}

// play lets an operation of the history play a part of a queue's operations. In an unordered
// queue, each item gets its own priority, so that nothing follows from the order in which items
// come out.
func (x *Queue) play(h *history.History, op *history.Operation, n int) {
	switch op.F {
	case x.Put:
		item := models.Ranked{Item: itemOf(op.Invoke.Value)}
		if x.Unordered {
			item.Priority = int32(n)
		}
		play(h, op, asPut, item, nil)
	case x.Take:
		var answer any
		if op.Outcome() == history.OK {
			answer = models.Item{Item: itemOf(op.Return.Value)}
		}
		play(h, op, asTake, nil, answer)
	default:
		play(h, op, "", nil, nil)
	}
}

// drain looks for the last answer that there was no item, in a take that began after all puts had
// returned: the queue was drained by then. If a put may still take effect, only what was put in before is known to be
// gone. If a dead client may hold up items, the take must have begun after the sessions of all dead clients had ended.
func (x *Queue) drain(h *history.History, ops []*history.Operation) {
	from := evidence.Always
	if x.Waits {
		from = deadBy(h)
	}
	last := map[string]*history.Operation{}
	for _, op := range ops {
		switch {
		case op.F == x.Put:
			delete(last, op.Key)
		case op.F == x.Take && op.Outcome() == history.OK && itemOf(op.Return.Value) == "" && op.Began() >= from:
			last[op.Key] = op
		}
	}
	open := map[string]bool{}
	for _, op := range ops {
		if l := last[op.Key]; l != nil && op.F == x.Put && op.Outcome() != history.Fail && (op.Outcome() == history.Info || op.Return.Time >= l.Began()) {
			open[op.Key] = true
		}
	}
	for _, op := range last {
		seen := op.Return
		if open[op.Key] {
			seen = op.Invoke
		}
		for _, e := range []*history.Event{op.Invoke, op.Return} {
			e = at(h, e)
			*e = history.Event{Index: e.Index, Time: e.Time, Process: history.Nemesis, Client: -1, Type: history.Info, F: other}
		}
		e := at(h, seen)
		e.F, e.Key = history.FDrained, op.Key
		e.Value, _ = json.Marshal(models.Drained{Empty: !open[op.Key]})
	}
}

// deadBy returns when the sessions of all clients that died during the load had ended; never if the load did not end.
func deadBy(h *history.History) time.Duration {
	for i := range h.Events { // not h.Facts: it is computed once, and the view still turns events into facts
		var v history.Phase
		e := &h.Events[i]
		if e.F == history.FPhase && json.Unmarshal(e.Value, &v) == nil && v.Name == history.PhaseQuiesce {
			return e.Time + evidence.Bound(h.Header.Params)
		}
	}
	return evidence.Never
}

// itemOf returns an item as a text; "" for none.
func itemOf(v json.RawMessage) string {
	var text bytes.Buffer
	if len(v) == 0 || string(v) == "null" || json.Compact(&text, v) != nil {
		return ""
	}
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return text.String()
}
