// Package traits applies the checks of zklab's own objects to operations of other names: an
// operation that begins an exclusive hold is checked like a lock's acquire, and one that puts an
// item like a queue's enqueue. A view of the history says which operation plays which part. The
// checks are in packages locks and queues, which do not know of the view. Two traits need no
// object: that answers are unique, and that they never fall.
package traits

import (
	"context"
	"encoding/json"
	"slices"
	"sort"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/locks"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// seenAs returns the properties of a model for histories of another one. rename changes a copy of
// the history in place: it turns some operations into those of the model, and all others into
// operations that the model does not know. It also gets the record of the original history.
func seenAs(of frame.Model, properties []*frame.Property, rename func(*history.History, *evidence.Record)) []*frame.Property {
	view := evidence.Once(func(a *evidence.Record) *evidence.Record {
		object := *of.Object
		object.Called = a.Object.Subject()
		h := a.History.With(slices.Clone(a.History.Events))
		rename(h, a)
		return evidence.Read(context.Background(), h, &object, a.Transactions)
	})
	seen := make([]*frame.Property, len(properties))
	for i, p := range properties {
		seen[i] = through(p, view)
	}
	return seen
}

// through returns a property that looks at a record through a view.
func through(p *frame.Property, view func(*evidence.Record) *evidence.Record) *frame.Property {
	seen := *p
	seen.Decide = func(ctx context.Context, k *evidence.Key) frame.Finding {
		for _, same := range view(k.Record).Keys {
			if same.Name == k.Name {
				return p.Decide(ctx, same)
			}
		}
		return frame.Finding{}
	}
	if p.Evidence != nil {
		seen.Evidence = func(a *evidence.Record) string { return p.Evidence(view(a)) }
	}
	if p.Applies != nil {
		seen.Applies = func(a *evidence.Record) bool { return p.Applies(view(a)) }
	}
	if p.Wants != nil {
		seen.Wants = func(a *evidence.Record) string { return p.Wants(view(a)) }
	}
	if p.Whole != nil {
		seen.Whole = func(a *evidence.Record) frame.Finding { return p.Whole(view(a)) }
	}
	if p.Exercise != nil {
		seen.Exercise = func(a *evidence.Record, figures map[string]float64) string { return p.Exercise(view(a), figures) }
	}
	return &seen
}

// The operations of a lock and of a queue whose parts other operations can play.
var (
	asGrant   = operation(locks.Lock, func(o *models.Operation) bool { return o.Begins })
	asRelease = operation(locks.Lock, func(o *models.Operation) bool { return o.Ends })
	asConfirm = operation(locks.Lock, func(o *models.Operation) bool { return o.Affirms })
	asPut     = operation(queues.Queue, func(o *models.Operation) bool { return o.Puts })
	asTake    = operation(queues.Queue, func(o *models.Operation) bool { return o.Takes })
)

// operation returns the name of the model's operation that has a trait.
func operation(of frame.Model, trait func(*models.Operation) bool) string {
	for i := range of.Object.Operations {
		if o := &of.Object.Operations[i]; trait(o) {
			return o.F
		}
	}
	panic("traits: no operation of the " + of.Object.Name + " has the trait")
}

// other is the operation of an event that plays no part in a view.
const other = "(other)"

// play turns an operation into the model's operation part, with that operation's values. An empty
// part means no operation of the model.
func play(h *history.History, op *history.Operation, part string, argument, answer any) {
	if part == "" {
		part = other
	}
	set := func(e *history.Event, v any) {
		e = at(h, e)
		e.F, e.Value = part, nil
		if v != nil {
			e.Value, _ = json.Marshal(v) // a struct of this module
		}
	}
	set(op.Invoke, argument)
	if op.Return != nil {
		set(op.Return, answer)
	}
}

// at returns the view's copy of an event.
func at(h *history.History, e *history.Event) *history.Event {
	i := sort.Search(len(h.Events), func(i int) bool { return h.Events[i].Index >= e.Index })
	return &h.Events[i]
}

// only returns the properties of those names, in their order.
func only(all []*frame.Property, names ...string) []*frame.Property {
	return slices.DeleteFunc(slices.Clone(all), func(p *frame.Property) bool { return !slices.Contains(names, p.Name) })
}
