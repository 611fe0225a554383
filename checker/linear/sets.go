package linear

import (
	"slices"

	"github.com/zklab/zklab/checker"
)

const (
	byLastRead  = "last read"
	byInclusion = "order of inclusion"
)

// decideLastRead is Jepsen's check of a set: what the last read shows must be
// all elements whose add had succeeded before, and only such as were added.
// Reads before it are left out.
func decideLastRead(k *object) finding {
	last := k.lastRead()
	if last == none {
		return finding{result: checker.Unknown, decider: byLastRead, reason: "the set was never read"}
	}
	return k.sets([]int32{last}, byLastRead)
}

// lastRead is the read that ended last, none.
func (k *object) lastRead() int32 {
	last := int32(none)
	for i := range k.ops {
		if o := &k.ops[i]; o.code == readAll && (last == none || o.ret > k.ops[last].ret) {
			last = int32(i)
		}
	}
	return last
}

// decideSet decides a set that only grows: reads in order of size must include
// one another; an element is added between the last read without it and the
// first one with it; and nothing may end before what comes before it begins.
func decideSet(k *object) finding {
	var reads []int32
	for i := range k.ops {
		if k.ops[i].code == readAll {
			reads = append(reads, int32(i))
		}
	}
	return k.sets(reads, byInclusion)
}

// stepOrder checks that nothing ends before something of an earlier step began.
type stepOrder struct {
	ops  []op
	last int32 // of all before, the one that began last
}

// next takes a step; it gives an operation that ended too early, and the one
// that began after.
func (s *stepOrder) next(is ...int32) (early, late int32) {
	first := int32(none)
	for _, i := range is {
		if first == none || s.ops[i].ret < s.ops[first].ret {
			first = i
		}
	}
	if first != none && s.last != none && s.ops[first].ret < s.ops[s.last].inv {
		return first, s.last
	}
	for _, i := range is {
		if s.last == none || s.ops[i].inv > s.ops[s.last].inv {
			s.last = i
		}
	}
	return none, none
}

func (k *object) sets(reads []int32, decider string) finding {
	shown := func(i int32) []int32 { return k.h.lists[k.ops[i].a] }
	n := k.numbers()
	adds := &addsOf{next: make([]int32, len(k.ops))}
	for i := len(k.ops) - 1; i >= 0; i-- {
		if k.ops[i].code == add {
			adds.put(n.of(k.ops[i].a), int32(i))
		}
	}
	for _, r := range reads {
		list := shown(r)
		slices.Sort(list)
		k.h.lists[k.ops[r].a] = slices.Compact(list)
	}
	slices.SortStableFunc(reads, func(x, y int32) int { return len(shown(x)) - len(shown(y)) })
	joined := make([]int32, len(adds.first)) // element: the first read that shows it
	for v := range joined {
		joined[v] = int32(len(reads))
	}
	known := 0
	for at, r := range reads {
		list := shown(r)
		for _, id := range list {
			v := n.of(id)
			if int(v) >= len(joined) {
				return violation(decider, []int32{r}, "%s shows %s, which nobody had added (an add that failed adds nothing)", k.span(r), k.value(id))
			}
			if joined[v] == int32(len(reads)) {
				joined[v] = int32(at)
				known++
			}
		}
		if len(list) < known {
			for _, before := range reads[:at] {
				for _, id := range shown(before) {
					if _, has := slices.BinarySearch(list, id); !has {
						return k.missing(decider, adds.first[n.of(id)], before, r, id)
					}
				}
			}
		}
	}
	s := stepOrder{ops: k.ops, last: none}
	order := make([]int32, len(joined)) // elements, by the read that shows them first
	for v := range order {
		order[v] = int32(v)
	}
	slices.SortStableFunc(order, func(x, y int32) int { return int(joined[x]) - int(joined[y]) })
	for at := 0; at <= len(reads); at++ {
		here := 0
		for here < len(order) && joined[order[here]] == int32(at) {
			here++
		}
		for _, v := range order[:here] {
			if f := k.added(&s, adds, v, reads[:at], decider); f.result != "" {
				return f
			}
		}
		for _, v := range order[:here] {
			s.next(adds.first[v]) // that which began first adds it, later ones do nothing
		}
		order = order[here:]
		if at == len(reads) {
			break
		}
		if early, late := s.next(reads[at]); early != none {
			return k.wrongRead(decider, early, late)
		}
	}
	return valid(decider)
}

// addsOf are the adds of each element, by invocation.
type addsOf struct {
	first []int32 // by the element's number
	next  []int32 // by operation
}

// put adds one that began before those that are there.
func (a *addsOf) put(v, i int32) {
	for int(v) >= len(a.first) {
		a.first = append(a.first, none)
	}
	a.next[i] = a.first[v]
	a.first[v] = i
}

// added checks an element that is not in any read so far: none of its adds may
// have ended before the last of these reads began.
func (k *object) added(s *stepOrder, adds *addsOf, v int32, before []int32, decider string) finding {
	for i := adds.first[v]; i != none; i = adds.next[i] {
		if s.last != none && k.ops[i].ret < k.ops[s.last].inv {
			if k.ops[s.last].code == readAll {
				return violation(decider, []int32{i, s.last}, "%s is missing in %s, which began after %s", k.value(k.ops[i].a), k.span(s.last), k.span(i))
			}
			r := before[len(before)-1]
			return violation(decider, []int32{i, s.last, r}, "%s had ended before %s began, but %s shows only the second", k.span(i), k.span(s.last), k.span(r))
		}
	}
	return finding{}
}

// wrongRead tells of a read that ended before something that it shows, or a
// smaller read, began.
func (k *object) wrongRead(decider string, early, late int32) finding {
	if k.ops[late].code == add {
		return violation(decider, []int32{early, late}, "%s shows %s, but ended before %s began", k.span(early), k.value(k.ops[late].a), k.span(late))
	}
	return violation(decider, []int32{early, late}, "%s shows more than %s, but ended before that began", k.span(early), k.span(late))
}

// missing tells of two reads of which neither includes the other.
func (k *object) missing(decider string, i, x, y, id int32) finding {
	witness := []int32{x, y, i}
	return violation(decider, witness, "%s shows %s, which is missing in %s; but that has others that are missing in the first, and nothing is ever taken out", k.span(x), k.value(id), k.span(y))
}
