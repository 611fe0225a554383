package explore

import "github.com/zklab/zklab/link"

// Implied counts the runs that were left out, by reason.
type Implied struct {
	// Loops counts single faults that differ from others only by the round of a loop.
	Loops int `json:"loops,omitempty"`
	// Alone counts pairs of which one fault alone breaks a promise.
	Alone int `json:"alone,omitempty"`
	// Never counts pairs whose second fault is at a message that never comes after the first fault: such a
	// run equals the run with only the first fault.
	Never int `json:"never,omitempty"`
	// Alike counts pairs whose run is like the run of another pair, except for times.
	Alike int `json:"alike,omitempty"`
}

// rules decides which pairs need no run of their own. It knows the run without a fault and the run with
// each single fault. See the comment of the package.
type rules struct {
	numbers *numbers
	base    *trace
	of      map[single]*trace
	likes   map[single]single   // singles after which the run continues as after an earlier single
	firsts  map[likeness]single // the earliest single of each likeness
	places  map[place]int32     // numbers for places, from 1: they take less memory
	given   map[pair]bool       // pairs that were given a run
}

// likeness is a key that singles have in common if their runs are alike.
type likeness struct {
	place place
	did   uint64
}

// newRules returns the rules for a scenario. It returns nil if the base is not exact, since runs that do
// not repeat imply nothing about others.
func newRules(base Outcome) *rules {
	if !base.Exact {
		return nil
	}
	numbers := &numbers{of: map[link.Point]int32{}}
	return &rules{
		numbers: numbers, base: traceOf(base.Messages, base.Done, numbers), of: map[single]*trace{}, likes: map[single]single{},
		firsts: map[likeness]single{}, places: map[place]int32{}, given: map[pair]bool{},
	}
}

// learn records the run with a single fault that breaks no promise.
func (r *rules) learn(s single, o Outcome) {
	if r == nil || !o.Exact {
		return
	}
	t := traceOf(o.Messages, o.Done, r.numbers)
	r.of[s] = t
	like := likeness{r.base.placeOf(s), t.did}
	if first, ok := r.firsts[like]; ok {
		r.likes[s] = first
		t.forget()
		return
	}
	r.firsts[like] = s
}

// imply returns the reason for which a pair of singles is implied, as a count. A pair that is not implied
// must be run, and implies later pairs that are like it.
func (r *rules) imply(a, b single) (by Implied) {
	if r == nil {
		return by
	}
	switch like, comes := r.like(a, b); {
	case !comes:
		return Implied{Never: 1}
	case like == pair{}:
		return by
	case r.given[like]:
		return Implied{Alike: 1}
	default:
		r.given[like] = true
		return by
	}
}

// pair holds the places of a pair of singles: the place of the first in the run without a fault, and of the
// second in the run with the first. It is zero if no other pair can be like it.
type pair [2]int32

// like returns what a pair has in common with all pairs like it. If the second single never comes after
// the first, comes is false.
func (r *rules) like(a, b single) (p pair, comes bool) {
	first, second, known := r.inOrder(a, b)
	after := r.of[first]
	if !known || after == nil {
		return p, true
	}
	if _, comes = after.at(second.point); !comes {
		return p, false
	}
	earliest, ok := r.likes[first]
	if !ok {
		earliest = first
	}
	if _, there := r.of[earliest].at(second.point); !there {
		earliest = first
	}
	return pair{r.number(place{alone: earliest}), r.number(r.of[earliest].placeOf(second))}, true
}

// add adds the counts of more.
func (i *Implied) add(more Implied) {
	i.Loops += more.Loops
	i.Alone += more.Alone
	i.Never += more.Never
	i.Alike += more.Alike
}

// all returns the sum.
func (i Implied) all() int { return i.Loops + i.Alone + i.Never + i.Alike }

// inOrder returns the two singles in the order in which they come in a run with both.
func (r *rules) inOrder(a, b single) (first, second single, known bool) {
	if _, inBase := r.base.at(b.point); !inBase { // it comes only after the first
		return a, b, true
	}
	switch r.base.before(a.point, b.point) {
	case -1:
		return a, b, true
	case 1:
		return b, a, true
	}
	return a, b, false
}

// number returns the number of a place.
func (r *rules) number(p place) int32 {
	n, ok := r.places[p]
	if !ok {
		n = int32(len(r.places) + 1)
		r.places[p] = n
	}
	return n
}
