package linear

import (
	"slices"
	"strconv"
)

const byHolds = "sweep over holds"

// A lock that only its holder may release is decided by its holds: what lies
// between the return of an acquire and the invocation of its release is held for
// certain, and no two of these may overlap. A release with an unknown outcome
// is taken to happen when it was invoked, an acquire with one not to happen:
// nothing of its process depends on it.
func decideHolds(k *object) finding {
	holds, windows, f := k.readHolds()
	if f.result != "" {
		return f
	}
	slices.SortFunc(holds, func(x, y hold) int { return int(x.from) - int(y.from) })
	for i := 1; i < len(holds); i++ {
		if x, y := &holds[i-1], &holds[i]; y.from < x.to {
			return k.overlap(x, y)
		}
	}
	for i := range windows {
		if x := covering(holds, &windows[i]); x != nil {
			return k.overlap(x, &windows[i])
		}
	}
	return valid(byHolds)
}

// hold is a time in which the lock was held, or (a window) in which it was held
// at one moment at least.
type hold struct {
	acquire, release int32 // release is none if there was none
	from, to         int32
}

// owner is what one process does.
type owner struct {
	hold  int32 // its acquire, none
	freed int32 // a release of it with an unknown outcome, none
	maybe int32 // an acquire with an unknown outcome, none
	last  int32 // its last release, none
}

// readHolds pairs acquires and releases, process by process.
func (k *object) readHolds() (holds, windows []hold, f finding) {
	processes := k.processes()
	owners := make([]owner, len(processes.list))
	for i := range owners {
		owners[i] = owner{none, none, none, none}
	}
	holds = make([]hold, 0, len(k.ops)/2+1)
	end := func(o *owner, release int32) {
		holds = append(holds, hold{o.hold, release, k.ops[o.hold].ret, k.ops[release].inv})
		o.hold, o.freed = none, none
	}
	for i := range k.ops {
		i, op := int32(i), &k.ops[i]
		o := &owners[processes.of(op.process)]
		switch {
		case op.code == acquire && op.unknown():
			if o.maybe = i; o.hold != none && o.freed == none {
				o.maybe = none // it cannot have happened
			}
		case op.code == acquire:
			if o.hold != none && o.freed == none {
				return nil, nil, violation(byHolds, []int32{o.hold, i}, "%s was granted by %s, and again by %s without a release between", k.who(i), k.at(k.ops[o.hold].ret), k.at(op.ret))
			}
			if o.hold != none {
				end(o, o.freed)
			}
			o.hold, o.maybe = i, none
		case op.unknown():
			if o.hold != none && o.freed == none {
				o.freed = i
			}
		case o.hold != none:
			o.last = i
			end(o, i)
		case o.maybe != none:
			windows = append(windows, hold{o.maybe, i, k.ops[o.maybe].inv, op.ret})
			o.maybe, o.last = none, i
		default:
			return nil, nil, violation(byHolds, []int32{i, o.last}, "%s released what it did not hold: %s", k.who(i), k.span(i))
		}
	}
	for i := range owners {
		switch o := &owners[i]; {
		case o.hold == none:
		case o.freed != none:
			end(o, o.freed)
		default:
			holds = append(holds, hold{o.hold, none, k.ops[o.hold].ret, never})
		}
	}
	return holds, windows, finding{}
}

// covering is a hold that lasts longer than a window on both sides; nil if
// there is none. Holds are sorted and disjoint.
func covering(holds []hold, w *hold) *hold {
	i, _ := slices.BinarySearchFunc(holds, w.from, func(h hold, from int32) int { return int(h.from) - int(from) })
	if i > 0 && holds[i-1].to > w.to {
		return &holds[i-1]
	}
	return nil
}

// overlap tells of two holds at one time.
func (k *object) overlap(x, y *hold) finding {
	witness := []int32{x.acquire, y.acquire}
	until := "did not release it"
	if x.release != none {
		witness = append(witness, x.release)
		until = "released it from " + k.at(x.to) + " on"
	}
	if y.release != none && y.to < x.to {
		witness = append(witness, y.release)
	}
	return violation(byHolds, witness, "%s held the lock from %s and %s, yet %s was granted it by %s",
		k.who(x.acquire), k.at(x.from), until, k.who(y.acquire), k.at(k.ops[y.acquire].ret))
}

func itoa(n int) string { return strconv.Itoa(n) }
