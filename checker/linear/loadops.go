package linear

import (
	"fmt"
	"math"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
)

// otherNames are what histories call operations besides what help lists.
var otherNames = map[string]string{
	"r": "read", "get": "read",
	"w": "write", "put": "write",
	"compare-and-set": "cas", "compare-and-swap": "cas",
	"lock": "acquire", "unlock": "release",
	"enq": "enqueue", "deq": "dequeue",
}

// named is what the model calls an operation; nothing if it has no such.
func (l *loader) named(f string) string {
	if slices.Contains(l.known, f) {
		return f
	}
	if as := otherNames[f]; slices.Contains(l.known, as) {
		return as
	}
	return ""
}

// argument is a value without the map that zklab's own histories put around it.
func argument(v foreign.Value, names ...string) foreign.Value {
	if v.Kind != foreign.Map {
		return v
	}
	for _, name := range names {
		if inner := v.Field(name); inner.Kind != foreign.Nil {
			return inner
		}
	}
	return foreign.Value{}
}

func loadRegister(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	switch e.F {
	case "read", "get":
		o.code = read
		if e.Type == history.OK {
			o.a = l.h.values.of(argument(v, "value"))
		}
	case "write", "put":
		if e.Type == history.Invoke {
			o.code, o.a = write, l.h.values.of(argument(v, "value"))
		}
	case "append":
		if e.Type == history.Invoke {
			if v.Kind != foreign.Text {
				return fmt.Errorf("append of %s: expected a text", v)
			}
			o.code, o.a = extend, l.h.values.of(v)
		}
	case "cas":
		if e.Type == history.Invoke {
			from, to, ok := pair(v)
			if !ok {
				return fmt.Errorf("the value of a cas is %s: expected [old new]", v)
			}
			o.code, o.a, o.b = cas, l.h.values.of(from), l.h.values.of(to)
		}
	}
	if l.h.Model.kind.name == "kv" && e.Key.Kind == foreign.Nil && e.Type == history.Invoke && l.h.keys[o.key] == "" {
		return fmt.Errorf("%s has no key: expected a field key, or the value [key value]", e.F)
	}
	return nil
}

// pair is what a compare-and-set compares with and sets.
func pair(v foreign.Value) (from, to foreign.Value, ok bool) {
	switch {
	case v.Kind == foreign.List && len(v.Items) == 2:
		return v.Items[0], v.Items[1], true
	case v.Kind == foreign.Map:
		from, to = argument(v, "from", "old", "expected"), argument(v, "to", "new", "value")
		return from, to, to.Kind != foreign.Nil
	}
	return from, to, false
}

func loadPermits(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	if e.Type != history.Invoke {
		return nil
	}
	o.code, o.a = acquire, 1
	if e.F == "release" {
		o.code = release
	}
	if l.h.Model.kind.name != "semaphore:N" || v.Kind != foreign.Int {
		return nil
	}
	if v.Int < 1 || v.Int > mostPermits {
		return fmt.Errorf("%s of %d permits: expected a number from 1 to %d", e.F, v.Int, mostPermits)
	}
	o.a = int32(v.Int)
	return nil
}

func loadQueue(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	v = argument(v, "item", "value")
	switch {
	case e.F == "drain":
		return l.drain(o, e, v)
	case e.F == "dequeue":
		o.code = dequeue
		if e.Type == history.OK {
			o.a = l.h.values.of(v)
		}
	case e.Type == history.Invoke:
		if v.Kind == foreign.Nil {
			return fmt.Errorf("enqueue of nil: expected a value, since a dequeue of nil says that the queue was empty")
		}
		o.code, o.a = enqueue, l.h.values.of(v)
	}
	return nil
}

// drain makes a dequeue of each value that a drain gave: all within its
// interval, in any order.
func (l *loader) drain(o *op, e *foreign.Event, v foreign.Value) error {
	o.code = dropped
	if e.Type != history.OK {
		if e.Type == history.Info {
			return fmt.Errorf("a drain with an unknown outcome: how many items it took cannot be told")
		}
		return nil
	}
	if v.Kind != foreign.List && v.Kind != foreign.Set && v.Kind != foreign.Nil {
		return fmt.Errorf("a drain gave %s: expected the values that it took", v)
	}
	whole := *o
	for _, item := range v.Items {
		d := whole
		d.code, d.a = dequeue, l.h.values.of(item)
		if d.a == 0 {
			return fmt.Errorf("a drain gave nil: expected the values that it took")
		}
		l.extra = append(l.extra, d)
	}
	return nil
}

func loadPriority(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	if err := loadQueue(l, o, e, v); err != nil {
		return err
	}
	if o.code != dropped && o.a != 0 && !l.h.values.list[o.a].isInt {
		return fmt.Errorf("the value is %s: expected a whole number, the least of which comes out first", v)
	}
	return nil
}

func loadSet(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	switch {
	case e.F == "add" && e.Type == history.Invoke:
		o.code, o.a = add, l.h.values.of(argument(v, "value", "item"))
	case e.F == "read":
		o.code = readAll
		if e.Type != history.OK {
			return nil
		}
		if v.Kind == foreign.Map {
			v = argument(v, "value", "items")
		}
		if v.Kind != foreign.List && v.Kind != foreign.Set && v.Kind != foreign.Nil {
			return fmt.Errorf("a set was read as %s: expected its elements, as in #{1 2} or [1 2]", v)
		}
		ids := make([]int32, len(v.Items))
		for i, item := range v.Items {
			ids[i] = l.h.values.of(item)
		}
		o.a = int32(len(l.h.lists))
		l.h.lists = append(l.h.lists, ids)
	}
	return nil
}

func loadCounter(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	v = argument(v, "value", "delta")
	number := func() (int32, error) {
		if v.Kind != foreign.Int || v.Int < -math.MaxInt32 || v.Int > math.MaxInt32 {
			return 0, fmt.Errorf("the value of %s is %s: expected a whole number of 31 bits", e.F, v)
		}
		return int32(v.Int), nil
	}
	var err error
	answers := e.F != "add" || l.reader.Model() != ""
	switch {
	case e.F == "read":
		o.code = read
		if e.Type == history.OK {
			o.a, err = number()
		}
	case e.Type == history.Invoke:
		o.code, o.a, o.b = add, 1, noResult
		if v.Kind != foreign.Nil {
			o.a, err = number()
		}
	case answers && v.Kind != foreign.Nil:
		o.b, err = number()
	}
	return err
}
