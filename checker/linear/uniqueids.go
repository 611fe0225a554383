package linear

import (
	"fmt"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/prose"
)

const byIDs = "comparison of ids"

func loadGenerate(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	o.code = generate
	if e.Type != history.OK {
		return nil
	}
	v, err := l.argument(v, "value", "id")
	if err == nil && v.Kind == foreign.Nil {
		err = fmt.Errorf("generate returned nil: expected an id")
	}
	o.a = l.h.values.of(v)
	return err
}

// decideUnique decides like Jepsen's checker/unique-ids: no id is returned twice.
func decideUnique(k *object) finding {
	n := k.numbers()
	seen := 0
	for i := range k.ops {
		if id := k.ops[i].a; int(n.of(id)) < seen {
			return k.returnedAgain(id)
		}
		seen = len(n.list)
	}
	return valid(byIDs)
}

// returnedAgain reports an id, with all operations that returned it.
func (k *object) returnedAgain(id int32) finding {
	var all []int32
	for i := range k.ops {
		if k.ops[i].a == id {
			all = append(all, int32(i))
		}
	}
	by := func(n int) string { return "by " + k.span(all[n]) }
	who := prose.Some(len(all), 6, by)
	if len(all) == 2 {
		who = by(0) + " and " + by(1)
	}
	return violation(byIDs, all, "%s was returned %s: %s", k.value(id), prose.Times(len(all)), who)
}

// twoIDs returns the reason why no two ids of a history can have been equal, or "" if two can
// have been.
func twoIDs(h *History) string {
	for _, ops := range h.ops {
		if len(ops) > 1 {
			return ""
		}
	}
	return "no two ids were returned, so none could be returned twice"
}
