package linear

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/zklab/zklab/history/foreign"
)

// begin determines the initial value of each key.
func (l *loader) begin() error {
	h := l.h
	initial := int32(0)
	if h.Format == foreign.Porcupine {
		initial = h.values.of(foreign.Value{Kind: foreign.Text})
	}
	if l.opts.Initial != nil {
		initial = l.initial(*l.opts.Initial)
	}
	if h.Model.kind.counts {
		if err := l.opts.numbers(); err != nil {
			return err
		}
	}
	h.initials = make([]int32, len(h.keys))
	for key := range h.initials {
		h.initials[key] = initial
	}
	if l.opts.FirstRead {
		l.firstReads()
	}
	for name, v := range l.opts.InitialOf {
		key, ok := l.keys[name]
		if !ok {
			return fmt.Errorf("%w: %q", ErrNoKey, name)
		}
		h.initials[key] = l.initial(v)
	}
	return nil
}

// initial returns the number of a value with which a register begins.
func (l *loader) initial(v foreign.Value) int32 {
	if l.opts.LooseNumbers {
		v = v.Loose()
	}
	if l.h.Model.kind.counts {
		return int32(v.Int)
	}
	return l.h.values.of(v)
}

// ErrInitial reports that [LoadOptions] say of a counter that it begins as something other than a number.
var ErrInitial = errors.New("a counter begins as a whole number of 31 bits")

// numbers returns an error if objects do not begin as numbers that a counter can begin as.
func (o *LoadOptions) numbers() error {
	all := slices.Collect(maps.Values(o.InitialOf))
	if o.Initial != nil {
		all = append(all, *o.Initial)
	}
	for _, v := range all {
		if o.LooseNumbers {
			v = v.Loose()
		}
		if v.Kind != foreign.Int || v.Int < -math.MaxInt32 || v.Int > math.MaxInt32 {
			return fmt.Errorf("%w, and not as %s", ErrInitial, v)
		}
	}
	if o.FirstRead {
		return fmt.Errorf("%w: adds may have come before its first read", ErrInitial)
	}
	return nil
}

// firstReads sets the initial value of each key to what its first read shows, if no operation can
// have written that value.
func (l *loader) firstReads() {
	first := make([]*op, len(l.h.keys))
	writes := newMakers(l.ops)
	for i := range l.ops {
		o := &l.ops[i]
		if o.code != read || o.unknown() || first[o.key] != nil && first[o.key].ret < o.ret || writes.before(o, o.a) {
			continue
		}
		first[o.key] = o
	}
	for key, o := range first {
		if o != nil {
			l.h.initials[key] = o.a
			l.h.guessed++
		}
	}
}

// makers holds, for each key and value, when the first operation began that can have
// made the value.
type makers map[[2]int32]int32

// anyText stands for the values that an append makes.
const anyText = none

func newMakers(ops []op) makers {
	m := makers{}
	for i := range ops {
		o := &ops[i]
		v, makes := made(o)
		if !makes {
			continue
		}
		if o.code == extend {
			v = anyText
		}
		if first, ok := m[[2]int32{o.key, v}]; !ok || o.inv < first {
			m[[2]int32{o.key, v}] = o.inv
		}
	}
	return m
}

// before reports whether an operation that can have made a value began before another one ended.
func (m makers) before(o *op, v int32) bool {
	for _, v := range []int32{v, anyText} {
		if first, ok := m[[2]int32{o.key, v}]; ok && first < o.ret {
			return true
		}
	}
	return false
}

// made returns the value that an operation puts into its object; for an append, the value
// that it adds.
func made(o *op) (int32, bool) {
	switch o.code {
	case write, extend, enqueue, add:
		return o.a, true
	case cas:
		return o.b, true
	}
	return 0, false
}

// found returns the value that an operation saw in its object, if the outcome of the
// operation is known.
func found(o *op) (int32, bool) {
	if o.unknown() {
		return 0, false
	}
	switch o.code {
	case read, cas, dequeue:
		return o.a, true
	}
	return 0, false
}

// forget drops reads of nil where Jepsen would treat them as reads of an unknown value: the
// register began as something else, and no process wrote nil.
func (l *loader) forget() {
	h := l.h
	if h.Format != foreign.EDN && h.Format != foreign.JepsenText || !h.Model.kind.begun {
		return
	}
	for i := range l.ops {
		if v, writes := effect(&l.ops[i]); writes && v == 0 {
			return
		}
	}
	for i := range l.ops {
		if o := &l.ops[i]; o.code == read && o.ret != never && o.a == 0 && h.initials[o.key] != 0 {
			o.code = dropped
			h.blank++
		}
	}
}

// early returns a value that a register showed before any operation that can have made it, and
// before anything else had certainly been written: the register may have begun with that value.
func (h *History) early(key int) (int32, bool) {
	ops := h.ops[key]
	over := int32(math.MaxInt32) // when the first write had ended
	for i := range ops {
		if _, makes := made(&ops[i]); makes && !ops[i].unknown() {
			over = min(over, ops[i].ret)
		}
	}
	first := map[int32]*op{} // by value: the operation that found it first
	for i := range ops {
		if v, finds := found(&ops[i]); finds && v != h.initials[key] && ops[i].inv < over && (first[v] == nil || ops[i].ret < first[v].ret) {
			first[v] = &ops[i]
		}
	}
	for i := range ops {
		v, makes := made(&ops[i])
		if !makes {
			continue
		}
		if o := first[v]; o != nil && ops[i].inv < o.ret {
			delete(first, v)
		}
		if ops[i].code == extend { // an append may have made any of them
			maps.DeleteFunc(first, func(_ int32, o *op) bool { return ops[i].inv < o.ret })
		}
	}
	var early *op
	for _, o := range first {
		if early == nil || o.ret < early.ret {
			early = o
		}
	}
	if early == nil {
		return 0, false
	}
	return early.a, true
}
