package linear

import (
	"fmt"
	"slices"
)

const byFinals = "sums of final reads"

// mostSums is the maximum number of possible sums of adds of unknown outcome that are kept one by
// one. If there are more, every number from the least to the greatest counts as possible.
const mostSums = 1 << 16

// sums bounds the sums that a read may show.
type sums struct {
	least, most int64
	each        map[int64]bool // nil: all of them
}

func (s sums) has(n int64) bool {
	return s.least <= n && n <= s.most && (s.each == nil || s.each[n])
}

func (s sums) String() string {
	if s.least == s.most {
		return fmt.Sprintf("%d only", s.least)
	}
	return fmt.Sprintf("from %d to %d", s.least, s.most)
}

// final reports whether an operation is a read that must show all adds.
func (k *object) final(i int32) bool { return k.ops[i].code == read && k.ops[i].b != 0 }

// sumsAt returns the sums that a final read may show: the sum of all adds that had succeeded when
// it began, plus any of those that began before it ended.
func (k *object) sumsAt(r int32) sums {
	s := sums{each: map[int64]bool{0: true}}
	certain := int64(k.initial)
	for i := range k.ops {
		o := &k.ops[i]
		switch n := int64(o.a); {
		case o.code != add || o.inv > k.ops[r].ret:
		case !o.unknown() && o.ret < k.ops[r].inv:
			certain += n
		default:
			s.least, s.most = s.least+min(n, 0), s.most+max(n, 0)
			s.each = s.with(n)
		}
	}
	s.least, s.most = s.least+certain, s.most+certain
	if s.each != nil {
		each := make(map[int64]bool, len(s.each))
		for n := range s.each {
			each[n+certain] = true
		}
		s.each = each
	}
	return s
}

// with returns the sums with and without one more number; nil if there are too many.
func (s sums) with(n int64) map[int64]bool {
	if s.each == nil || len(s.each) > mostSums {
		return nil
	}
	each := make(map[int64]bool, 2*len(s.each))
	for sum := range s.each {
		each[sum], each[sum+n] = true, true
	}
	return each
}

// decideFinals decides like Maelstrom's g-counter and pn-counter: each final read must show the sum
// of all adds that had succeeded, plus any of the adds of unknown outcome.
func decideFinals(k *object) finding {
	for i := range k.ops {
		i := int32(i)
		if !k.final(i) {
			continue
		}
		if k.ctx.Err() != nil {
			return undecided(k.ctx.Err())
		}
		if s := k.sumsAt(i); !s.has(int64(k.ops[i].a)) {
			return violation(byFinals, []int32{i}, "%s, a final read, shows %d: by the adds that had succeeded it can be %s", k.span(i), k.ops[i].a, s)
		}
	}
	return valid(byFinals)
}

// finalReads explains why no final read can have been wrong; "" if one can have been.
func finalReads(h *History) string {
	for key := range h.keys {
		if slices.ContainsFunc(h.ops[key], func(o op) bool { return o.code == read && o.b != 0 }) {
			return ""
		}
	}
	return "no read with :final? true (JSON: \"final\":true) returned, so nothing shows whether the counter converged"
}
