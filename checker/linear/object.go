package linear

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/zones"
	"github.com/zklab/zklab/internal/base/prose"
)

// none stands for no place in a list: no operation or no value.
const none = -1

// object is one key with its operations, the input of a procedure.
type object struct {
	ctx     context.Context
	h       *History
	key     int
	ops     []op
	ranks   []int32
	initial int32
	permits int32
	scratch *scratch
	pace    int  // number of steps between two checks of the budget; 0: the usual number
	asFound bool // counterexamples are not made smaller

	// For an object that stands for another one: its values beyond those of the history,
	// and the operations that clients called.
	extra  []string
	called []op
}

// finding is a procedure's answer. The zero value means that the procedure does not apply, with a
// reason.
type finding struct {
	result         checker.Result
	decider        string
	reason         string
	counterexample []int32 // places in object.ops
	note           string  // in addition to the result; may be empty
}

func valid(decider string) finding { return finding{result: checker.Valid, decider: decider} }

func inapplicable(format string, args ...any) finding {
	return finding{reason: fmt.Sprintf(format, args...)}
}

func violation(decider string, counterexample []int32, format string, args ...any) finding {
	counterexample = slices.DeleteFunc(counterexample, func(i int32) bool { return i == none })
	slices.Sort(counterexample)
	return finding{result: checker.Violation, decider: decider, reason: fmt.Sprintf(format, args...), counterexample: slices.Compact(counterexample)}
}

// scratch is memory for deciding one object after another. Only one goroutine uses it.
type scratch struct {
	cells []int32 // by value: its number; the numbers go on from object to object
	next  int32   // the next number
	zones zones.Scratch

	values []int32 // of a register
}

// numbers gives the values of an object numbers from 0, in order of appearance.
type numbers struct {
	s    *scratch
	base int32   // the object's first number in cells; lower ones belong to other objects
	list []int32 // the values
}

func (k *object) numbers() *numbers {
	n := k.unlisted()
	n.list = make([]int32, 0, min(len(k.ops), len(k.scratch.cells)))
	return n
}

// unlisted returns a numbering of values whose list is still empty.
func (k *object) unlisted() *numbers { return k.scratch.numbers(len(k.h.values.list) + len(k.extra)) }

// processes numbers the processes of an object in the same way.
func (k *object) processes() *numbers {
	n := k.scratch.numbers(len(k.h.processes))
	for i := range k.ops {
		n.of(k.ops[i].process)
	}
	return n
}

func (s *scratch) numbers(most int) *numbers {
	if len(s.cells) < most || int(s.next)+most > math.MaxInt32 {
		s.cells, s.next = make([]int32, most), 1
	}
	return &numbers{s: s, base: s.next}
}

// of returns the number of a value.
func (n *numbers) of(value int32) int32 {
	c := &n.s.cells[value]
	if *c < n.base {
		*c = n.s.next
		n.s.next++
		n.list = append(n.list, value)
	}
	return *c - n.base
}

// known returns the number of a value, none if it has none.
func (n *numbers) known(value int32) int32 {
	return max(n.s.cells[value]-n.base, none)
}

// byReturn returns the operations with a completion, sorted by completion. The dequeues of a drain
// share a completion.
func (k *object) byReturn() []int32 {
	first := make([]int32, len(k.ranks)) // by rank: operation + 1
	var same []int32
	for i := range k.ops {
		if o := &k.ops[i]; !o.unknown() {
			if first[o.ret] != 0 {
				if same == nil {
					same = make([]int32, len(k.ops))
				}
				same[i] = first[o.ret]
			}
			first[o.ret] = int32(i) + 1
		}
	}
	out := first[:0]
	if same != nil {
		out = make([]int32, 0, len(k.ops))
	}
	for _, i := range first {
		for ; i != 0; i = same[i-1] {
			out = append(out, i-1)
			if same == nil {
				break
			}
		}
	}
	return out
}

// usualPace is the number of steps that a search makes between two checks of the
// budget.
const usualPace = 1024

// over checks once in a number of steps whether the budget is used up.
func (k *object) over(step int) bool {
	pace := cmp.Or(k.pace, usualPace)
	return step%pace == 0 && k.ctx.Err() != nil
}

// value returns a value's name.
func (k *object) value(id int32) string {
	if at := int(id) - len(k.h.values.list); at >= 0 && at < len(k.extra) {
		return k.extra[at]
	}
	return k.h.values.name(id)
}

// at returns an event's time and place, for people.
func (k *object) at(rank int32) string {
	if rank == never {
		return "an unknown time"
	}
	return k.h.at(k.ranks[rank])
}

// at returns an event's time and place, for people.
func (h *History) at(event int32) string {
	if h.times == nil || h.times[event] < 0 {
		return h.place(event)
	}
	return fmt.Sprintf("%s (%s)", seconds(h.times[event]), h.place(event))
}

// place returns the place of an event in the file, for people.
func (h *History) place(event int32) string {
	if h.byEvent {
		return fmt.Sprintf("event %d", h.indices[event]+1)
	}
	return fmt.Sprintf("line %d", h.lines[event])
}

// who names an operation's process.
func (k *object) who(i int32) string {
	return fmt.Sprintf("process %d", k.h.processes[k.ops[i].process])
}

// what describes an operation: write of 3 by process 1.
func (k *object) what(i int32) string { return k.act(i) + " by " + k.who(i) }

// asCalled returns an operation as its client called it, if that differs from the operation that is
// decided.
func (k *object) asCalled(i int32) *op {
	if k.called != nil {
		return &k.called[i]
	}
	return &k.ops[i]
}

// span describes an operation with its interval.
func (k *object) span(i int32) string {
	o := &k.ops[i]
	if o.unknown() {
		return fmt.Sprintf("the %s (from %s on, outcome unknown)", k.what(i), k.at(o.inv))
	}
	return fmt.Sprintf("the %s (%s to %s)", k.what(i), k.at(o.inv), k.at(o.ret))
}

// failedMakers reports a value that operations of a counterexample found although the operation
// that would have made it by then failed and no other operation ever made it; "" if there is
// none.
func (k *object) failedMakers(counterexample []int32) string {
	for _, i := range counterexample {
		v, finds := found(&k.ops[i])
		if !finds || v == k.initial || slices.ContainsFunc(k.ops, func(o op) bool {
			w, makes := made(&o)
			return makes && w == v
		}) {
			continue
		}
		var failed []op
		for _, o := range k.h.failed {
			if w, _ := made(&o); w == v && int(o.key) == k.key && o.inv < k.ranks[k.ops[i].ret] {
				failed = append(failed, o)
			}
		}
		if len(failed) == 0 {
			continue
		}
		f := failed[0]
		text := fmt.Sprintf("the %s of %s by process %d (%s to %s) failed", verbs[f.code], k.value(v), k.h.processes[f.process], k.h.at(f.inv), k.h.at(f.ret))
		if more := len(failed) - 1; more > 0 {
			text += fmt.Sprintf(", and so did %d more", more)
		}
		return text + ": a fail says that the operation did nothing; an operation with an unknown outcome has to be an info"
	}
	return ""
}

// spans lists operations for people.
func (k *object) spans(is []int32) string {
	return prose.Some(len(is), 6, func(n int) string { return k.span(is[n]) })
}
