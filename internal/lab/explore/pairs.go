package explore

import (
	"cmp"
	"iter"
	"slices"

	"github.com/zklab/zklab/link"
)

// pairs lists all pairs of singles, in families: a family holds the pairs whose two singles are of the
// same two sorts. Each family has its first turn before any has a second one. First come the families
// in which the second fault is at a point that exists only after the first fault, and then the families
// whose sorts differ most.
type pairs struct {
	families []family
	count    int
}

// family is a family of pairs, which it returns by number.
type family struct {
	size int
	then bool // the second fault is at a point that exists only after the first
	diff int  // how much the two sorts differ
	pair func(i int) (a, b single)
}

func newPairs(singles []single, then map[single][]link.Point, choices []Choice) *pairs {
	p := &pairs{}
	p.addFollowUps(singles, then, choices)
	p.addSorts(singles)
	slices.SortStableFunc(p.families, func(a, b family) int {
		if a.then != b.then {
			if a.then {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.diff, a.diff)
	})
	for _, f := range p.families {
		p.count += f.size
	}
	return p
}

// addFollowUps adds the pairs whose second fault is at a message that comes only with the first.
func (p *pairs) addFollowUps(singles []single, then map[single][]link.Point, choices []Choice) {
	type sorts struct{ first, second sort }
	var order []sorts
	members := map[sorts][][2]single{}
	for _, first := range singles {
		for _, second := range singlesAt(then[first], choices) {
			of := sorts{first.sort(), second.sort()}
			if len(members[of]) == 0 {
				order = append(order, of)
			}
			members[of] = append(members[of], [2]single{first, second})
		}
	}
	for _, of := range order {
		all := members[of]
		p.families = append(p.families, family{
			size: len(all), then: true, diff: of.first.differs(of.second),
			pair: func(i int) (a, b single) { return all[i][0], all[i][1] },
		})
	}
}

// addSorts adds the pairs of singles whose messages both come without any fault.
func (p *pairs) addSorts(singles []single) {
	var order []sort
	members := map[sort][]single{}
	for _, s := range singles {
		of := s.sort()
		if len(members[of]) == 0 {
			order = append(order, of)
		}
		members[of] = append(members[of], s)
	}
	for i, one := range order {
		p.families = append(p.families, within(members[one]))
		for _, other := range order[i+1:] {
			p.families = append(p.families, between(members[one], members[other], one.differs(other)))
		}
	}
}

// between returns the pairs of two sorts.
func between(as, bs []single, diff int) family {
	return family{size: len(as) * len(bs), diff: diff, pair: func(i int) (a, b single) { return as[i/len(bs)], bs[i%len(bs)] }}
}

// within returns the pairs of one sort.
func within(all []single) family {
	n := len(all)
	return family{size: n * (n - 1) / 2, pair: func(i int) (a, b single) {
		first := 0
		for rest := n - 1; i >= rest; rest-- {
			i -= rest
			first++
		}
		return all[first], all[first+1+i]
	}}
}

// all yields each pair once.
func (p *pairs) all() iter.Seq2[single, single] {
	return func(yield func(a, b single) bool) {
		left := slices.DeleteFunc(slices.Clone(p.families), func(f family) bool { return f.size == 0 })
		for round := 0; len(left) > 0; round++ {
			for _, f := range left {
				if !yield(f.pair(scattered(round, f.size))) {
					return
				}
			}
			left = slices.DeleteFunc(left, func(f family) bool { return round+1 >= f.size })
		}
	}
}

// scattered returns the i-th of the numbers below size, in an order that has each number once and
// consecutive numbers far apart, so that the first pairs differ in their clients and operations.
func scattered(i, size int) int {
	step := size*5/8 | 1
	for common(step, size) != 1 {
		step += 2
	}
	return i * step % size
}

// common returns the greatest common divisor.
func common(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
