package linear

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// notes describes how the format was interpreted, and what may explain violations.
func (h *History) notes(findings []finding) []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case h.has(mismatch):
		add("in this format a failed cas counts as an observation: the value was another than it compared with")
	case h.has(cas) && h.Failed > 0:
		add("a failed operation counts as one that did nothing; a failed cas says nothing of the value")
	}
	if h.idle {
		add("no client called anything: nothing could go wrong")
	}
	if h.moved > 0 {
		add("the times decide the order: the file has %s after events with later times, from %s on", plural(h.moved, "event"), h.movedFirst)
	}
	switch h.clock {
	case foreign.Seconds:
		add("times with a decimal point count as seconds")
	case foreign.Unit:
		add("times are numbers of %s", h.unit)
	case foreign.Dates:
		add("times are dates, and count from the earliest, %s", h.since.Format(time.RFC3339Nano))
	case foreign.LocalDates:
		add("times are dates without a time zone: they count as dates of one zone, from the earliest, %s", h.since.Format("2006-01-02T15:04:05.999999999"))
	}
	if h.offset < 0 {
		add("times begin below zero: they count from the earliest, %s", seconds(h.offset))
	}
	if h.plain {
		add("values of two items are taken as they are, not as [key value]: not every operation names a key so")
	}
	if h.unread != "" {
		notes = append(notes, h.unread)
	}
	if len(h.names) > 0 {
		add("processes have names: %s", prose.Some(len(h.names), 6, func(n int) string { return fmt.Sprintf("%d is %s", n, h.names[n]) }))
	}
	if h.told > 0 {
		add("%s with another value in ok than in the invocation: the value in ok counts, as for Jepsen", plural(h.told, "operation"))
	}
	notes = append(notes, h.blanks...)
	if h.blank > 0 {
		add("%s of nil counts as one of an unknown value, as it does for Jepsen: nil was not there at first, and no process wrote it", plural(h.blank, "read"))
	}
	if h.absent > 0 {
		add("%s of nil counts as one of 0, which a counter begins as", plural(h.absent, "read"))
	}
	if h.guessed > 0 {
		add("what the first read showed counts as what was there at first, on %s: nothing can be wrong with that read then", plural(h.guessed, "key"))
	}
	notes = append(append(notes, h.keyNotes(findings)...), h.hints(findings)...)
	idle := h.tookNothing()
	if idle > 0 {
		add("%s with an unknown outcome: %s", plural(idle, "dequeue"), tookNothing)
	}
	if n := h.Unknown - idle; n > 0 {
		add("%s with an unknown outcome may have taken effect at any time after the invocation, or never", plural(n, "operation"))
	}
	return notes
}

// keyNotes returns the notes on single keys.
func (h *History) keyNotes(findings []finding) (notes []string) {
	noted := 0
	for key, f := range findings {
		switch {
		case f.note == "":
			continue
		case h.keys[key] == "":
			notes = append(notes, f.note)
		case noted < frame.MostKeys:
			notes = append(notes, fmt.Sprintf("key %q: %s", h.keys[key], f.note))
		}
		noted++
	}
	if more := noted - frame.MostKeys; more > 0 {
		notes = append(notes, fmt.Sprintf("the same of %s more", plural(more, "key")))
	}
	return notes
}

// tookNothing explains a rule of Jepsen's total-queue.
const tookNothing = "by the rule of Jepsen's total-queue such a dequeue took nothing, so what it may have taken counts as lost; model bag has another rule"

// tookNothing counts the dequeues of unknown outcome to which the rule applies.
func (h *History) tookNothing() (n int) {
	if h.Model.kind.machine != nil {
		return 0
	}
	for _, ops := range h.ops {
		for i := range ops {
			if ops[i].code == dequeue && ops[i].unknown() {
				n++
			}
		}
	}
	return n
}

// hints describes other ways in which a violated history may have to be read.
func (h *History) hints(findings []finding) (hints []string) {
	var early []int32 // values
	var mixed, nothing, began string
	for key, f := range findings {
		if f.result != checker.Violation {
			continue
		}
		if h.Model.kind.begun {
			if v, found := h.early(key); found && !slices.Contains(early, v) {
				early = append(early, v)
			}
		}
		if mixed == "" && !h.loose {
			mixed = h.mixed(key, f.counterexample)
		}
		nothing = cmp.Or(nothing, h.nothing(key, f.counterexample))
		if h.Model.kind.counts {
			began = cmp.Or(began, h.began(key))
		}
	}
	switch len(early) {
	case 0:
	case 1:
		v := h.values.name(early[0])
		hints = append(hints, fmt.Sprintf("%s was there before any write of it began: %s", v, advice.Initial.Text(v)))
	default:
		hints = append(hints, fmt.Sprintf("values like %s and %s were there before any write of them began: "+advice.FirstRead.Text(), h.values.name(early[0]), h.values.name(early[1])))
	}
	return append(hints, slices.DeleteFunc([]string{mixed, nothing, began}, func(hint string) bool { return hint == "" })...)
}

// forNothing lists answers that mean "there was nothing", in lower case and without punctuation.
var forNothing = []string{"notfound", "keynotfound", "nosuchkey", "nokey", "errnokey", "missing", "absent", "none", "nil", "null", "undefined", "empty", "nothing"}

// nothing reports an answer in a counterexample that no operation made, and that says that there was nothing; "" if
// there is none.
func (h *History) nothing(key int, counterexample []int32) string {
	ops := h.ops[key]
	for _, i := range counterexample {
		v, finds := found(&ops[i])
		if !finds || h.Model.kind.counts || h.values.list[v].isInt || v == h.initials[key] || slices.ContainsFunc(ops, func(o op) bool { w, makes := made(&o); return makes && w == v }) {
			continue
		}
		text := h.values.list[v].plain()
		letters := strings.Map(func(r rune) rune {
			if r = unicode.ToLower(r); r < 'a' || r > 'z' {
				return -1
			}
			return r
		}, text)
		if v != 0 && slices.Contains(forNothing, letters) {
			return fmt.Sprintf("%s was found, which no client had put there: if it says that there was nothing, say so (--nil %s)", h.values.name(v), text)
		}
	}
	return ""
}

// began reports what the first read of a counter showed if no add had begun then; "" if it showed what the counter
// began as.
func (h *History) began(key int) string {
	ops, adds := h.ops[key], int32(math.MaxInt32)
	for i := range ops {
		if ops[i].code == add {
			adds = min(adds, ops[i].inv)
		}
	}
	for i := range ops {
		if o := &ops[i]; o.code == read && !o.unknown() && o.ret < adds && o.a != h.initials[key] {
			return fmt.Sprintf("%d was there before any add began: if the counter began as that, say so (--initial %d)", o.a, o.a)
		}
	}
	return ""
}

// mixed reports a number in a counterexample that other operations of the key write in another
// form; "" if there is none.
func (h *History) mixed(key int, counterexample []int32) string {
	if h.Model.kind.counts {
		return ""
	}
	ops := h.ops[key]
	type form struct {
		n    int64
		text string
	}
	seen := map[form]int32{} // by loose form
	for _, i := range counterexample {
		for _, v := range h.shownBy(&ops[i]) {
			if n, ok := h.values.loose(v); ok {
				seen[form{n.Int, n.Text}] = v
			}
		}
	}
	for i := range ops {
		for _, v := range h.shownBy(&ops[i]) {
			n, ok := h.values.loose(v)
			if other, has := seen[form{n.Int, n.Text}]; ok && has && other != v {
				return fmt.Sprintf("%s and %s are two values: if they are one number, say so (--loose-numbers)", h.values.name(min(v, other)), h.values.name(max(v, other)))
			}
		}
	}
	return ""
}

// shownBy returns the values in an operation, both arguments and answers.
func (h *History) shownBy(o *op) []int32 {
	switch o.code {
	case read, write, enqueue, dequeue, add, remove, generate:
		return []int32{o.a}
	case cas, mismatch:
		return []int32{o.a, o.b}
	case readAll:
		if !o.unknown() {
			return h.lists[o.a]
		}
	}
	return nil
}
