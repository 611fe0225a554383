package linear

import (
	"fmt"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
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

// decideUnique is Jepsen's checker/unique-ids: no id is returned twice.
func decideUnique(k *object) finding {
	n := k.numbers()
	var first []int32 // by id
	for i := range k.ops {
		v := int(n.of(k.ops[i].a))
		if v < len(first) {
			return violation(byIDs, []int32{first[v], int32(i)}, "%s was returned twice: by %s and by %s", k.value(k.ops[i].a), k.span(first[v]), k.span(int32(i)))
		}
		first = append(first, int32(i))
	}
	return valid(byIDs)
}

// twoIDs says why no two ids can have been the same, if so.
func twoIDs(h *History) string {
	for _, ops := range h.ops {
		if len(ops) > 1 {
			return ""
		}
	}
	return "no two ids were returned, so none could be returned twice"
}
