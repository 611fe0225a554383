package linear

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/witness"
)

// telling is the operations of an object on their way into a scene.
type telling struct {
	*object
	// lines says that moments are lines of the file: of all, where the times of some
	// are missing or contradict the order of the lines, which is what decides.
	lines bool
}

// scene shows the operations of a witness.
func (k *object) scene(is []int32) *witness.Scene {
	is = slices.Clone(is)
	slices.SortStableFunc(is, func(x, y int32) int { return int(k.decisive(x)) - int(k.decisive(y)) })
	t := telling{k, !k.timed(is)}
	s := &witness.Scene{Lines: t.lines}
	for _, i := range is {
		s.Add(t.step(i))
	}
	if k.h.Model.kind.name == "lock" {
		s.Property = "exclusion"
		t.holdsIn(s, is)
	}
	s.Finish()
	if s.Overlap == nil && len(is) > 1 {
		s.Conclude("so no order of these explains what they were answered")
	}
	return s
}

// timed says that all events of some operations have times, in the order of their lines.
func (k *object) timed(is []int32) bool {
	if k.h.times == nil {
		return false
	}
	var ranks []int32
	for _, i := range is {
		ranks = append(ranks, k.ops[i].inv)
		if k.ops[i].ret != never {
			ranks = append(ranks, k.ops[i].ret)
		}
	}
	slices.Sort(ranks)
	last := int64(0) // below it is what has no time
	for _, r := range ranks {
		t := k.h.times[k.ranks[r]]
		if t < last {
			return false
		}
		last = t
	}
	return true
}

// decisive is the rank of the event that matters: an operation with an unknown
// outcome has only its call.
func (k *object) decisive(i int32) int32 {
	if k.ops[i].unknown() {
		return k.ops[i].inv
	}
	return k.ops[i].ret
}

// moment is a rank's time, or its line.
func (k telling) moment(rank int32) time.Duration {
	if rank == never {
		return witness.Never
	}
	event := k.ranks[rank]
	if k.lines {
		return time.Duration(k.h.lines[event])
	}
	return time.Duration(k.h.times[event])
}

// step is an operation with its sentence.
func (k telling) step(i int32) witness.Step {
	o := &k.ops[i]
	process := k.h.processes[o.process]
	st := witness.Step{
		Row: int(process), Who: k.who(i), From: k.moment(o.inv), To: k.moment(o.ret), Fate: history.OK,
		Name: witness.Clean(k.short(i), 24),
	}
	st.At = st.To
	switch {
	case o.unknown():
		st.At, st.Fate = st.From, history.Info
	case o.code == mismatch:
		st.Fate = history.Fail
	}
	did := witness.Clean(k.did(i), 160)
	st.Text = func(clock witness.Clock) string {
		switch {
		case st.To == witness.Never:
			return fmt.Sprintf("%s called %s at %s; nobody knows whether or when it took effect", st.Who, witness.Clean(k.act(i), 160), clock(st.From))
		case clock(st.From) == clock(st.To):
			return fmt.Sprintf("%s %s at %s", st.Who, did, clock(st.To))
		}
		if k.lines {
			return fmt.Sprintf("%s %s (lines %d to %d)", st.Who, did, st.From, st.To)
		}
		return fmt.Sprintf("%s %s, between %s and %s", st.Who, did, clock(st.From), clock(st.To))
	}
	return st
}

// holdsIn adds from when to when a process held a lock, as far as the operations
// show it.
func (k telling) holdsIn(s *witness.Scene, is []int32) {
	for n, i := range is {
		if k.ops[i].code != acquire || k.ops[i].unknown() {
			continue
		}
		h := witness.Stay{Row: int(k.h.processes[k.ops[i].process]), From: k.moment(k.ops[i].ret), To: witness.Never, Name: "held"}
		for _, j := range is[n+1:] {
			if k.ops[j].code == release && k.ops[j].process == k.ops[i].process {
				h.To = k.moment(k.ops[j].inv)
				break
			}
		}
		s.Hold(h)
	}
}

// did is what an operation did.
func (k *object) did(i int32) string {
	o := k.asTold(i)
	switch o.code {
	case read:
		return "read " + k.seen(o.a)
	case write:
		return "wrote " + k.value(o.a)
	case cas:
		return "changed " + k.value(o.a) + " to " + k.value(o.b)
	case mismatch:
		return "was told that the value was not " + k.value(o.a)
	case extend:
		return "appended " + k.value(o.a)
	case acquire:
		if o.a != 1 {
			return fmt.Sprintf("was granted %d permits", o.a)
		}
		return "was granted it"
	case release:
		if o.a != 1 {
			return fmt.Sprintf("gave back %d permits", o.a)
		}
		return "released it"
	case enqueue:
		return "put " + k.value(o.a) + " in"
	case dequeue:
		if o.a == 0 {
			return "found nothing to take"
		}
		return "took " + k.value(o.a) + " out"
	case add:
		switch {
		case !k.counts():
			return "added " + k.value(o.a)
		case o.b != noResult:
			return fmt.Sprintf("added %d and was told %d", o.a, o.b)
		}
		return fmt.Sprintf("added %d", o.a)
	case readAll:
		return fmt.Sprintf("read %d elements", len(k.h.lists[o.a]))
	}
	return "did a " + k.act(i)
}

// seen is a value that was read.
func (k *object) seen(v int32) string {
	if k.counts() {
		return strconv.Itoa(int(v))
	}
	return k.value(v)
}

// short is an operation in a word or two, for a picture.
func (k *object) short(i int32) string {
	o := k.asTold(i)
	switch o.code {
	case read:
		return "read " + k.seen(o.a)
	case write:
		return "write " + k.value(o.a)
	case cas, mismatch:
		return "cas " + k.value(o.a) + " " + k.value(o.b)
	case extend:
		return "append " + k.value(o.a)
	case enqueue:
		return "put " + k.value(o.a)
	case dequeue:
		switch {
		case o.unknown():
			return "take"
		case o.a == 0:
			return "take: empty"
		}
		return "take " + k.value(o.a)
	case add:
		if k.counts() {
			return fmt.Sprintf("add %d", o.a)
		}
		return "add " + k.value(o.a)
	case readAll:
		return fmt.Sprintf("read %d", len(k.h.lists[o.a]))
	}
	return k.act(i)
}
