package linear

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/advice"
)

// otherNames lists the names of operations in histories besides those in the help.
var otherNames = map[string][]string{
	"r": {"read"}, "get": {"read"},
	"w": {"write"}, "put": {"write"},
	"compare-and-set": {"cas"}, "compare-and-swap": {"cas"},
	"lock": {"acquire"}, "unlock": {"release"},
	"enq": {"enqueue"}, "deq": {"dequeue"},
	"del": {"remove", "delete"}, "delete": {"remove"}, "remove": {"delete"},
}

// likelyNames lists what operations of other names probably are. The user has to say it.
var likelyNames = map[string][]string{
	"fetch": {"read"}, "load": {"read"}, "query": {"read"}, "lookup": {"read"}, "find": {"read"}, "select": {"read"}, "scan": {"read"}, "list": {"read"}, "show": {"read"},
	"set": {"write"}, "store": {"write"}, "save": {"write"}, "update": {"write"}, "assign": {"write"}, "overwrite": {"write"},
	"swap": {"cas"}, "testandset": {"cas"}, "compareandset": {"cas"}, "compareandswap": {"cas"},
	"incr": {"add"}, "increment": {"add"}, "inc": {"add"}, "plus": {"add"}, "insert": {"add", "write"}, "decr": {"decrement"},
	"push": {"enqueue"}, "offer": {"enqueue"}, "send": {"enqueue"}, "produce": {"enqueue"}, "publish": {"enqueue"},
	"pop": {"dequeue"}, "poll": {"dequeue"}, "take": {"dequeue"}, "receive": {"dequeue"}, "consume": {"dequeue"},
	"erase": {"remove", "delete"}, "discard": {"remove"}, "obtain": {"acquire"}, "free": {"release"}, "next": {"generate"},
}

// named returns the model's name of an operation; "" if the model has no such
// operation.
func (l *loader) named(f string) string {
	if as, renamed := l.opts.Rename[f]; renamed {
		f = as
	}
	if slices.Contains(l.known, f) {
		return f
	}
	return firstOf(otherNames[f], l.known)
}

// firstOf returns the first name that a model has, or "".
func firstOf(names, known []string) string {
	for _, n := range names {
		if slices.Contains(known, n) {
			return n
		}
	}
	return ""
}

// neutral are words that change nothing about what an operation does.
var neutral = []string{"final", "last", "first", "all", "do", "op", "client", "async", "sync", "request", "req", "value", "key", "item", "element"}

// likely returns the model's operation that a name says; "" if it says none for certain.
func (k *kind) likely(f string) string {
	words := slices.DeleteFunc(strings.FieldsFunc(f, func(r rune) bool { return r < 'a' || r > 'z' }), func(w string) bool { return slices.Contains(neutral, w) })
	word := strings.Join(words, "")
	return firstOf(append(append([]string{word}, otherNames[word]...), likelyNames[word]...), k.ops)
}

// argument returns a value without the map that zklab's own histories put around it. A map that has
// none of the names is itself the value, except in zklab's own histories, where it is an error: if
// it counted as nil, it would show what no client saw.
func (l *loader) argument(v foreign.Value, names ...string) (foreign.Value, error) {
	if v.Kind != foreign.Map {
		return v, nil
	}
	for _, name := range names {
		if inner, has := field(v, name); has {
			return inner, l.passOver(v, append(names, "key")...)
		}
	}
	if l.reader.Model() != "" {
		return v, fmt.Errorf("the value is %s: expected the field %s", v, names[0])
	}
	return v, nil
}

// field returns the value of a map under a name, and whether it has one.
func field(v foreign.Value, name string) (foreign.Value, bool) {
	for i := 0; i+1 < len(v.Items); i += 2 {
		if key := v.Items[i]; key.Kind == foreign.Text && key.Text == name || key.Kind == foreign.Word && key.Text == ":"+name {
			return v.Items[i+1], true
		}
	}
	return foreign.Value{}, false
}

func loadRegister(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	switch e.F {
	case "read", "get":
		o.code = read
		if e.Type == history.OK {
			return l.value(&o.a, v, "value")
		}
	case "write", "put":
		if e.Type == history.Invoke {
			o.code = write
			if err := l.value(&o.a, v, "value"); err != nil {
				return err
			}
		}
	case "delete":
		if o.code = write; l.h.Format == foreign.Porcupine { // there, a key without a value is ""
			return l.value(&o.a, foreign.Value{Kind: foreign.Text})
		}
	case "append":
		if e.Type == history.Invoke {
			if o.code = extend; v.Kind == foreign.Nil {
				return l.silence(o, "append of nil: expected a text")
			}
			if v.Kind != foreign.Text {
				return fmt.Errorf("append of %s: expected a text", v)
			}
			o.code, o.a = extend, l.h.values.of(v)
		}
	case "cas":
		if e.Type == history.Invoke {
			from, to, ok := pair(v)
			if o.code = cas; v.Kind == foreign.Nil {
				return l.silence(o, "the value of a cas is nil: expected [old new]")
			}
			if v.Kind == foreign.Map {
				if err := l.passOver(v, "from", "old", "expected", "to", "new", "value"); err != nil {
					return err
				}
			}
			if !ok {
				return fmt.Errorf("the value of a cas is %s: expected [old new]", v)
			}
			o.code, o.a, o.b = cas, l.h.values.of(from), l.h.values.of(to)
		}
	}
	if l.h.Model.kind.keyed && e.Key.Kind == foreign.Nil && e.Type == history.Invoke && l.h.keys[o.key] == "" {
		hint := ""
		if name := l.reader.LikeKey(); name != "" {
			hint = "; " + advice.FieldKey.Text(name, last(name))
		}
		return fmt.Errorf("%s has no key: expected a field key, or the value [key value]%s", e.F, hint)
	}
	return nil
}

// value stores the number of a value in *at.
func (l *loader) value(at *int32, v foreign.Value, names ...string) error {
	v, err := l.argument(v, names...)
	if err == nil {
		*at = l.h.values.of(v)
	}
	return err
}

// pair returns the two values of a compare-and-set: the one that it compares with and
// the one that it sets.
func pair(v foreign.Value) (from, to foreign.Value, ok bool) {
	switch {
	case v.Kind == foreign.List && len(v.Items) == 2:
		return v.Items[0], v.Items[1], true
	case v.Kind == foreign.Map:
		from, hasFrom := oneOf(v, "from", "old", "expected")
		to, hasTo := oneOf(v, "to", "new", "value")
		return from, to, hasFrom && hasTo
	}
	return from, to, false
}

// oneOf returns the first of the named fields that a map has.
func oneOf(v foreign.Value, names ...string) (foreign.Value, bool) {
	for _, name := range names {
		if inner, has := field(v, name); has {
			return inner, true
		}
	}
	return foreign.Value{}, false
}

func loadPermits(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	if e.Type != history.Invoke {
		return nil
	}
	o.code, o.a = acquire, 1
	if e.F == "release" {
		o.code = release
	}
	if !l.h.Model.kind.several || v.Kind == foreign.Nil || v.Kind == foreign.Map {
		return l.passOver(v) // it is one permit: the value holds something else
	}
	if v.Kind != foreign.Int || v.Int < 1 || v.Int > mostPermits {
		return fmt.Errorf("%s of %s permits: expected a number from 1 to %d%s", e.F, v, mostPermits, orLoose(v))
	}
	o.a = int32(v.Int)
	return nil
}

// orLoose returns a hint for a value that is not a whole number but can be read as one, or "".
func orLoose(v foreign.Value) string {
	if n := v.Loose(); v.Kind != foreign.Int && n.Kind == foreign.Int {
		return fmt.Sprintf("; to take it for %d, say --loose-numbers", n.Int)
	}
	return ""
}

func loadQueue(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	v, err := l.argument(v, "item", "value")
	switch {
	case err != nil:
		return err
	case e.F == "drain":
		return l.drain(o, e, v)
	case e.F == "dequeue":
		o.code = dequeue
		if e.Type == history.OK {
			o.a = l.h.values.of(v)
		}
	case e.Type == history.Invoke:
		if o.code, o.a = enqueue, l.h.values.of(v); v.Kind == foreign.Nil {
			return l.silence(o, "enqueue of nil: expected a value, since a dequeue of nil says that the queue was empty")
		}
	}
	return nil
}

// loadStack reads a push as an enqueue, and a pop as a dequeue: they differ in the order alone.
func loadStack(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	queue := *e
	if queue.F = "dequeue"; e.F == "push" {
		if queue.F = "enqueue"; e.Type == history.Invoke && v.Kind == foreign.Nil {
			return l.silence(o, "push of nil: expected a value, since a pop of nil says that the stack was empty")
		}
	}
	return loadQueue(l, o, &queue, v)
}

// drain turns a drain into a dequeue of each value that it returned, followed by one
// that found nothing: all within its interval, in this order; see drains.go. A drain
// with an unknown outcome stays; see crashedDrains.
func (l *loader) drain(o *op, e *foreign.Event, v foreign.Value) error {
	o.code = drain
	if e.Type != history.OK {
		return nil
	}
	o.code = dropped
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
		if err := l.sortable(&d); err != nil {
			return err
		}
		l.extra = append(l.extra, d)
	}
	if l.h.Model.kind.machine != nil { // a model that only counts what came out needs no dequeue that found nothing
		whole.code, whole.a = dequeue, 0
		l.extra = append(l.extra, whole)
	}
	return nil
}

// crashedDrains turns drains with an unknown outcome into dequeues with an unknown
// outcome. For each key, the first such drain becomes as many dequeues as there are
// enqueues, which can do everything that any number of drains can do from then on.
func (l *loader) crashedDrains() {
	if l.h.Model.kind.machine == nil { // a model that only counts what came out needs the drain itself
		return
	}
	first := map[int32]*op{}
	for i := range l.ops {
		if o := &l.ops[i]; o.code == drain {
			if o.code = dropped; first[o.key] == nil {
				first[o.key] = o
			}
		}
	}
	if len(first) == 0 {
		return
	}
	for i := range l.ops {
		if d := first[l.ops[i].key]; d != nil && l.ops[i].code == enqueue {
			one := *d
			one.code = dequeue
			l.extra = append(l.extra, one)
		}
	}
}

func loadPriority(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	if err := loadQueue(l, o, e, v); err != nil {
		return err
	}
	if o.code == enqueue || o.code == dequeue {
		return l.sortable(o)
	}
	return nil
}

// sortable requires an item of a priority queue to be a number.
func (l *loader) sortable(o *op) error {
	if v := l.h.values.list[o.a]; l.h.Model.kind.least && o.a != 0 && !v.isInt {
		return fmt.Errorf("the value is %s: expected a whole number of 64 bits, the least of which comes out first%s", l.h.values.name(o.a), orLoose(foreign.Value{Kind: foreign.Text, Text: v.plain()}))
	}
	return nil
}

func loadSet(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	switch {
	case e.F != "read" && e.Type == history.Invoke:
		o.code = add
		if e.F == "remove" {
			o.code = remove
		}
		return l.value(&o.a, v, "value", "item")
	case e.F == "read":
		o.code = readAll
		if e.Type != history.OK {
			return nil
		}
		v, err := l.argument(v, "value", "items")
		if err != nil {
			return err
		}
		if v.Kind != foreign.List && v.Kind != foreign.Set && v.Kind != foreign.Nil {
			return fmt.Errorf("a set was read as %s: expected its elements, as in #{1 2} or [1 2]", v)
		}
		var ids []int32 // stays nil for nil, which Jepsen's tests do not count as a read
		if v.Kind != foreign.Nil || l.h.Format == foreign.JSONL {
			ids = make([]int32, len(v.Items))
		}
		for i, item := range v.Items {
			ids[i] = l.h.values.of(item)
		}
		o.a = int32(len(l.h.lists))
		l.h.lists = append(l.h.lists, ids)
	}
	return nil
}

func loadCounter(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	v, err := l.argument(v, "value", "delta")
	if err != nil {
		return err
	}
	number := func() (int32, error) {
		if v.Kind != foreign.Int || v.Int < -math.MaxInt32 || v.Int > math.MaxInt32 {
			return 0, fmt.Errorf("the value of %s is %s: expected a whole number of 31 bits%s", e.F, v, orLoose(v))
		}
		return int32(v.Int), nil
	}
	answers := e.F != "add" || l.reader.Model() != ""
	switch {
	case e.F == "read":
		o.code = read
		if e.Final {
			o.b = 1
		}
		switch {
		case e.Type != history.OK:
		case v.Kind == foreign.Nil && l.reader.Model() == "": // no operation had made it yet
			if l.opts.begins() {
				return errors.New("a read of nil, though it is said what the counter began as: expected a number")
			}
			l.h.absent++
		default:
			o.a, err = number()
		}
	case e.Type == history.Invoke:
		o.code, o.a, o.b = add, 1, noResult
		if v.Kind != foreign.Nil {
			o.a, err = number()
		}
		if strings.HasPrefix(e.F, "dec") {
			o.a = -o.a
		}
	case answers && v.Kind != foreign.Nil:
		o.b, err = number()
	}
	return err
}
