package linear

import (
	"fmt"
	"slices"
	"time"

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
	case foreign.Dates:
		add("times are dates, and count from the earliest, %s", h.since.Format(time.RFC3339Nano))
	case foreign.LocalDates:
		add("times are dates without a time zone: they count as dates of one zone, from the earliest, %s", h.since.Format("2006-01-02T15:04:05.999999999"))
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
	var mixed string
	for key, f := range findings {
		if f.result != checker.Violation {
			continue
		}
		if h.Model.Begins() {
			if v, found := h.early(key); found && !slices.Contains(early, v) {
				early = append(early, v)
			}
		}
		if mixed == "" && !h.loose {
			mixed = h.mixed(key, f.counterexample)
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
	if mixed != "" {
		hints = append(hints, mixed)
	}
	return hints
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
