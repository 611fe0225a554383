package linear

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker"
)

const byHolds = "sweep over holds"

// decideHolds decides, by its holds, a lock that only its holder may release: from the return of an
// acquire to the invocation of its release the lock certainly is held, and no two such times may
// overlap.
//
// A client whose process ends with an unknown outcome, as Jepsen's do, leaves no choice: nothing
// depends on its last operation. If a process continues after such an operation, the operation may
// take effect at any later time, even between later operations of the process. Then the certain
// holds can only prove a violation, and one possible choice of effects can only prove that there is
// no violation; porcupine decides the cases in between.
func decideHolds(k *object) finding {
	holds, odd, goesOn, f := k.certainHolds()
	if f.result != "" {
		return f
	}
	if f = k.sweep(holds, odd); f.result == checker.Violation || !goesOn {
		return f
	}
	if holds, odd, ok := k.likelyHolds(); ok {
		if f = k.sweep(holds, odd); f.result == checker.Valid {
			return f
		}
	}
	return inapplicable("a process goes on after an operation with an unknown outcome")
}

// sweep finds two holds at the same time, or a hold of another process that contains an odd
// release.
func (k *object) sweep(holds []hold, odd []int32) finding {
	if k.h.tied { // a hold that began and ended at the same time certainly lasted at no moment
		holds = slices.DeleteFunc(holds, func(h hold) bool { return h.from >= h.to })
	}
	slices.SortFunc(holds, func(x, y hold) int { return int(x.from) - int(y.from) })
	for i := 1; i < len(holds); i++ {
		if x, y := &holds[i-1], &holds[i]; y.from < x.to {
			return k.overlap(x, y)
		}
	}
	for _, i := range odd {
		if x := covering(holds, &k.ops[i]); x != nil {
			return k.covered(x, i)
		}
	}
	if k.h.Model.kind.fenced {
		if f := k.tokens(holds); f.result != "" {
			return f
		}
	}
	return valid(byHolds)
}

// hold is a time in which the lock was held.
type hold struct {
	acquire, release int32 // release is none if there is no release
	from, to         int32
}

// holder holds what is certain about one process. All fields are none if there is no
// such operation.
type holder struct {
	hold  int32 // the acquire, if that is its last known operation
	place int32 // the place of that hold among all
	last  int32 // its last known release
	maybe int32 // its first acquire with an unknown outcome
	freed int32 // its first release with an unknown outcome
}

func (k *object) holders() (*numbers, []holder) {
	processes := k.processes()
	holders := make([]holder, len(processes.list))
	for i := range holders {
		holders[i] = holder{none, none, none, none, none}
	}
	return processes, holders
}

// certainHolds returns the holds that existed whatever the outcome of unknown operations was;
// goesOn reports whether a process did something after such an operation. Holds that follow one
// another are in that order. An odd release belongs to an acquire with an unknown outcome: the lock
// was held at the moment of the release.
func (k *object) certainHolds() (holds []hold, odd []int32, goesOn bool, f finding) {
	processes, holders := k.holders()
	holds = make([]hold, 0, len(k.ops)/2+1)
	for i := range k.ops {
		i, op := int32(i), &k.ops[i]
		o := &holders[processes.of(op.process)]
		goesOn = goesOn || o.maybe != none || o.freed != none
		switch {
		case op.code == acquire && op.unknown():
			if o.maybe == none {
				o.maybe = i
			}
		case op.code == acquire:
			if o.hold != none && o.freed == none {
				return nil, nil, false, violation(byHolds, []int32{o.hold, i}, "%s was granted by %s, and again by %s without a release between", k.who(i), k.at(k.ops[o.hold].ret), k.at(op.ret))
			}
			o.hold, o.place = i, none
		case op.unknown():
			if o.freed == none {
				if o.freed = i; o.hold != none {
					holds = k.put(holds, o, i)
				}
			}
		case o.hold != none:
			if o.freed == none || o.maybe == none { // otherwise it may have been released and acquired again in between
				holds = k.put(holds, o, i)
			}
			o.hold, o.last = none, i
		case o.maybe != none:
			odd = append(odd, i)
			o.last = i
		default:
			return nil, nil, false, violation(byHolds, []int32{i, o.last}, "%s released what it did not hold: %s", k.who(i), k.span(i))
		}
	}
	return k.unended(holds, holders), odd, goesOn, finding{}
}

// unended adds the holds that nothing can have ended.
func (k *object) unended(holds []hold, holders []holder) []hold {
	for i := range holders {
		if o := &holders[i]; o.hold != none && o.freed == none {
			holds = append(holds, hold{o.hold, none, k.ops[o.hold].ret, never})
		}
	}
	return holds
}

// put sets the hold that a release may have ended. It is called for each such release; the last call
// counts.
func (k *object) put(holds []hold, o *holder, release int32) []hold {
	h := hold{o.hold, release, k.ops[o.hold].ret, k.ops[release].inv}
	if o.place != none {
		holds[o.place] = h
		return holds
	}
	o.place = int32(len(holds))
	return append(holds, h)
}

// likelyHolds returns the most likely holds: a release with an unknown outcome happened when it
// was invoked, unless another release follows; an acquire with an unknown outcome did not happen,
// unless a release follows. ok is false if these holds contradict the history.
func (k *object) likelyHolds() (holds []hold, odd []int32, ok bool) {
	processes, holders := k.holders()
	for i := range k.ops {
		i, op := int32(i), &k.ops[i]
		o := &holders[processes.of(op.process)]
		switch {
		case op.code == acquire && op.unknown():
			if o.hold == none || o.freed != none {
				o.maybe = i
			}
		case op.code == acquire:
			if o.hold != none && o.freed == none {
				return nil, nil, false
			}
			*o = holder{i, none, none, none, none}
		case op.unknown():
			if o.hold != none && o.freed == none {
				o.freed = i
				holds = k.put(holds, o, i)
			}
		case o.hold != none:
			holds = k.put(holds, o, i)
			*o = holder{none, none, none, o.maybe, none}
		case o.maybe != none:
			odd = append(odd, i)
			o.maybe = none
		default:
			return nil, nil, false
		}
	}
	return k.unended(holds, holders), odd, true
}

// covering returns a hold that begins before an operation and ends after it; nil if
// there is none. Holds must be sorted and disjoint.
func covering(holds []hold, o *op) *hold {
	i, _ := slices.BinarySearchFunc(holds, o.inv, func(h hold, from int32) int { return int(h.from) - int(from) })
	if i > 0 && holds[i-1].to > o.ret {
		return &holds[i-1]
	}
	return nil
}

// overlap reports two holds at one time.
func (k *object) overlap(x, y *hold) finding {
	counterexample, held := k.heldBy(x)
	counterexample = append(counterexample, y.acquire)
	if y.release != none && (y.to < x.to || k.doubtful(y)) {
		counterexample = append(counterexample, y.release)
	}
	return violation(byHolds, counterexample, "%s, yet %s was granted it by %s", held, k.who(y.acquire), k.at(k.ops[y.acquire].ret))
}

// doubtful reports whether only a hold's release shows that it had not ended before: there was
// an earlier release with an unknown outcome.
func (k *object) doubtful(h *hold) bool {
	return slices.ContainsFunc(k.ops[:h.release], func(o op) bool {
		return o.code == release && o.unknown() && o.process == k.ops[h.release].process
	})
}

// covered reports a release by another process during a hold.
func (k *object) covered(x *hold, release int32) finding {
	counterexample, held := k.heldBy(x)
	return violation(byHolds, append(counterexample, release), "%s, yet %s released it by %s", held, k.who(release), k.at(k.ops[release].ret))
}

// heldBy returns the operations of a hold, and its description.
func (k *object) heldBy(x *hold) (counterexample []int32, text string) {
	counterexample = []int32{x.acquire}
	until := "did not release it"
	if k.h.Model.kind.nests {
		until = "did not release it as often"
	}
	if x.release != none {
		counterexample = append(counterexample, x.release)
		until = "released it from " + k.at(x.to) + " on"
	}
	return counterexample, fmt.Sprintf("%s held the lock from %s and %s", k.who(x.acquire), k.at(x.from), until)
}
