package linear

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker"
)

const byElement = "each element's reads"

// decideSetFull decides like Jepsen's checker/set-full (jepsen.checker, set-full-element-results).
// An element is known to be there from the first answer that shows it: the answer of its add, or of
// a read that shows it. It is lost if neither a read that began later nor any read after that one
// shows it. It was stale if a read missed it and a later one showed it. Only lost elements are
// violations.
//
// Here the order of events decides, while Jepsen counts staleness only from a millisecond on. And a
// read must show no element twice, and none that no process had tried to add when the read ended.
func decideSetFull(k *object) finding { return k.setFull(false) }

// decideSetFullLinearizable is like decideSetFull, with the option linearizable: stale elements are
// also violations.
func decideSetFullLinearizable(k *object) finding { return k.setFull(true) }

// element holds what adds and reads show about an element. The fields are operations; none
// if there is none.
type element struct {
	add     int32 // the first operation that tried to add it
	known   int32 // the first operation whose answer shows that it is there
	present int32 // among the reads that show it, the one that began last
	absent  int32 // among the reads that do not show it, the one that began last
}

func (k *object) setFull(linearizable bool) finding {
	n := k.numbers()
	var elements []element
	var reads []int32
	for i := range k.ops {
		switch o, i := &k.ops[i], int32(i); o.code {
		case readAll:
			reads = append(reads, i)
		case add:
			v := int(n.of(o.a))
			if v == len(elements) {
				elements = append(elements, element{i, none, none, none})
			}
			elements[v].answered(k, i)
		}
	}
	if f := k.present(n, elements, reads); f.result != "" {
		return f
	}
	k.absent(n, elements, reads)
	return k.outcome(n, elements, linearizable)
}

// answered records an operation whose answer shows that the element is there.
func (e *element) answered(k *object, i int32) {
	if o := &k.ops[i]; !o.unknown() && (e.known == none || o.ret < k.ops[e.known].ret) {
		e.known = i
	}
}

// present goes through what reads show. Operations are in order of invocation.
func (k *object) present(n *numbers, elements []element, reads []int32) finding {
	in := make([]int32, len(elements)) // the last read that shows it, + 1
	for _, r := range reads {
		for _, id := range k.shown(r) {
			v := n.known(id)
			switch {
			case v == none || k.ops[elements[v].add].inv > k.ops[r].ret:
				return violation(byElement, []int32{r}, "%s shows %s, which no process had tried to add", k.span(r), k.value(id))
			case in[v] == r+1:
				return violation(byElement, []int32{r}, "%s shows %s more than once", k.span(r), k.value(id))
			}
			in[v] = r + 1
			elements[v].present = r
			elements[v].answered(k, r)
		}
	}
	return finding{}
}

// absent finds the last read that does not show an element. It goes through the reads from the
// last one backwards, and keeps only the elements that all of them have shown, so it takes time
// in proportion to the lengths of the reads.
func (k *object) absent(n *numbers, elements []element, reads []int32) {
	in := make([]int32, len(elements))
	left := make([]int32, len(elements))
	for v := range left {
		left[v] = int32(v)
	}
	for _, r := range slices.Backward(reads) {
		for _, id := range k.shown(r) {
			in[n.known(id)] = r + 1
		}
		left = slices.DeleteFunc(left, func(v int32) bool {
			if in[v] != r+1 {
				elements[v].absent = r
			}
			return in[v] != r+1
		})
	}
}

// outcome counts stable and stale elements, and returns the finding for them.
func (k *object) outcome(n *numbers, elements []element, linearizable bool) finding {
	stable, stale := 0, 0
	var example string
	for v, e := range elements {
		gone := e.absent != none && (e.present == none || k.beganBefore(e.present, e.absent))
		late := e.absent != none && e.known != none && k.ops[e.known].ret < k.ops[e.absent].inv
		if e.present != none && !gone {
			stable++
		}
		if !late {
			continue
		}
		missed := fmt.Sprintf("%s was there by the end of %s, and is missing in %s, which began later", k.value(n.list[v]), k.span(e.known), k.span(e.absent))
		switch {
		case gone:
			return violation(byElement, []int32{e.known, e.present, e.absent}, "%s: it is lost, since no later read shows it", missed)
		case linearizable:
			return violation(byElement, []int32{e.known, e.present, e.absent}, "%s: the read was stale, since %s shows it", missed, k.span(e.present))
		}
		if stale++; stale == 1 {
			example = missed
		}
	}
	if stable == 0 {
		return finding{result: checker.Unknown, decider: byElement, reason: "no element is known to have stayed: none is in the last read that could show it"}
	}
	f := valid(byElement)
	if stale > 0 {
		f.note = fmt.Sprintf("%s stale for a while, which this model allows: %s", plural(stale, "element"), example)
	}
	return f
}

// beganBefore reports whether an operation certainly began before another one.
func (k *object) beganBefore(x, y int32) bool {
	a, b := k.ops[x].inv, k.ops[y].inv
	if k.h.ties && k.h.times[k.ranks[a]] == k.h.times[k.ranks[b]] {
		return false
	}
	return a < b
}
