package linear

import (
	"slices"

	"github.com/zklab/zklab/checker"
)

const (
	byLastRead  = "last read"
	byInclusion = "order of inclusion"
)

// decideLastRead requires the last read to show all elements whose add had succeeded
// before it, and only elements that a process had tried to add by then. It ignores
// earlier reads.
func decideLastRead(k *object) finding {
	last := k.lastRead()
	if last == none {
		return finding{result: checker.Unknown, decider: byLastRead, reason: "the set was never read"}
	}
	return k.sets([]int32{last}, byLastRead)
}

// lastRead returns the read that ended last; none if there is none.
func (k *object) lastRead() int32 {
	last := int32(none)
	for i := range k.ops {
		if o := &k.ops[i]; o.code == readAll && (last == none || o.ret > k.ops[last].ret) {
			last = int32(i)
		}
	}
	return last
}

// decideSet decides a set that only grows: the reads, sorted by size, must include one another; an
// element is added between the last read without it and the first one with it; and no operation may end
// before an earlier one begins.
func decideSet(k *object) finding {
	if k.h.codes[k.key].has(remove) {
		return inapplicable("elements are removed")
	}
	var reads []int32
	for i := range k.ops {
		if k.ops[i].code == readAll {
			reads = append(reads, int32(i))
		}
	}
	return k.sets(reads, byInclusion)
}

// stepOrder checks that no operation ends before an operation of an earlier step began.
type stepOrder struct {
	ops  []op
	last int32 // the operation that began last, of all steps so far
}

// next takes a step. It returns an operation that ended too early, and the operation that began
// after that end but has to come before.
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

// toAdd returns the words for what no client did with an element that a read invented.
func (k *object) toAdd() string {
	if k.h.Model.kind.tried {
		return "tried to add"
	}
	return "added (an add that failed adds nothing)"
}

func (k *object) sets(reads []int32, decider string) finding {
	n := k.numbers()
	adds := &addsOf{first: make([]int32, 0, len(k.ops)), next: make([]int32, len(k.ops))}
	for i := len(k.ops) - 1; i >= 0; i-- {
		if k.ops[i].code == add {
			adds.put(n.of(k.ops[i].a), int32(i))
		}
	}
	joined, f := k.joined(n, adds, reads, decider)
	if f.result != "" {
		return f
	}
	s := stepOrder{ops: k.ops, last: none}
	elements, from := byStep(joined, len(reads))
	for at := 0; at <= len(reads); at++ {
		here := elements[from[at]:from[at+1]]
		for _, v := range here {
			if f := k.added(&s, adds, v, reads[:at], decider); f.result != "" {
				return f
			}
		}
		for _, v := range here {
			s.next(adds.first[v]) // the add that began first adds the element; later ones do nothing
		}
		if at == len(reads) {
			break
		}
		if early, late := s.next(reads[at]); early != none {
			return k.wrongRead(decider, early, late)
		}
	}
	return valid(decider)
}

// joined sorts reads by size, and returns, for each element, the place of the first read that shows it,
// or the number of reads if none does.
func (k *object) joined(n *numbers, adds *addsOf, reads []int32, decider string) ([]int32, finding) {
	size := k.sizes(n, len(adds.first), reads)
	slices.SortStableFunc(reads, func(x, y int32) int { return int(size[x]) - int(size[y]) })
	joined := make([]int32, len(adds.first))
	for v := range joined {
		joined[v] = int32(len(reads))
	}
	known := int32(0)
	for at, r := range reads {
		for _, id := range k.shown(r) {
			v := n.known(id)
			if v == none {
				return nil, violation(decider, []int32{r}, "%s shows %s, which no process had %s", k.span(r), k.value(id), k.toAdd())
			}
			if joined[v] == int32(len(reads)) {
				joined[v] = int32(at)
				known++
			}
		}
		if size[r] < known {
			return nil, k.missing(n, adds, reads[:at], r, decider)
		}
	}
	return joined, finding{}
}

// shown returns what a read shows.
func (k *object) shown(i int32) []int32 { return k.h.lists[k.ops[i].a] }

// sizes returns how many distinct elements each read shows, among those that were
// added.
func (k *object) sizes(n *numbers, elements int, reads []int32) map[int32]int32 {
	size := make(map[int32]int32, len(reads))
	seen := make([]int32, elements) // by element: the last read that shows it, + 1
	for _, r := range reads {
		different := int32(0)
		for _, id := range k.shown(r) {
			if v := n.known(id); v != none && seen[v] != r+1 {
				seen[v] = r + 1
				different++
			}
		}
		size[r] = different
	}
	return size
}

// byStep sorts elements by the first read that shows them. The elements of a read begin at its place in
// from.
func byStep(joined []int32, reads int) (elements, from []int32) {
	from = make([]int32, reads+3)
	for _, at := range joined {
		from[at+2]++
	}
	for at := 2; at < len(from); at++ {
		from[at] += from[at-1]
	}
	elements = make([]int32, len(joined))
	for v, at := range joined {
		elements[from[at+1]] = int32(v)
		from[at+1]++
	}
	return elements, from
}

// addsOf holds the adds of each element, by invocation.
type addsOf struct {
	first []int32 // by the element's number
	next  []int32 // by operation
}

// put inserts an add that began before those that are already there.
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

// wrongRead returns the violation for a read that ended before an add that it shows, or a smaller read,
// began.
func (k *object) wrongRead(decider string, early, late int32) finding {
	if k.ops[late].code == add {
		return violation(decider, []int32{early, late}, "%s shows %s, but ended before %s began", k.span(early), k.value(k.ops[late].a), k.span(late))
	}
	return violation(decider, []int32{early, late}, "%s shows more than %s, but ended before that began", k.span(early), k.span(late))
}

// missing returns the violation for two reads of which neither includes the other: read y lacks an
// element that one of the reads in before shows.
func (k *object) missing(n *numbers, adds *addsOf, before []int32, y int32, decider string) finding {
	has := make([]bool, len(adds.first))
	for _, id := range k.shown(y) {
		has[n.known(id)] = true
	}
	for _, x := range before {
		for _, id := range k.shown(x) {
			if v := n.known(id); !has[v] {
				return violation(decider, []int32{x, y, adds.first[v]}, "%s shows %s, which is missing in %s; but that has others that are missing in the first, and nothing is ever taken out",
					k.span(x), k.value(id), k.span(y))
			}
		}
	}
	return finding{}
}
