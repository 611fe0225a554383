package linear

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// sceneBuilder turns an object's operations into the steps of a scene.
type sceneBuilder struct {
	*object
	// lines means that moments are lines of the file, for all operations: the times of some are
	// missing, or contradict the order of the lines in one of zklab's own histories.
	lines bool
}

// scene shows the operations of a counterexample.
func (k *object) scene(is []int32) *explain.Scene {
	is = slices.Clone(is)
	slices.SortStableFunc(is, func(x, y int32) int { return int(k.decisive(x)) - int(k.decisive(y)) })
	t := sceneBuilder{k, !k.timed(is)}
	s := &explain.Scene{Lines: t.lines, Events: k.h.byEvent}
	for _, i := range is {
		s.Add(t.step(i))
	}
	if k.h.Model.kind.held {
		s.Telling = explain.HeldTwice
		t.holdsIn(s, is)
	}
	s.Finish()
	if s.Overlap == nil && len(is) > 1 && k.h.Model.kind.machine != nil {
		s.Conclude("so no order of these operations explains their answers")
	}
	return s
}

// timed reports whether all events of some operations have times, in the order of their lines.
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
	last := int64(0) // values below 0 mean that there is no time
	for _, r := range ranks {
		t := k.h.times[k.ranks[r]]
		if t < last {
			return false
		}
		last = t
	}
	return true
}

// decisive returns the rank of the event that matters: an operation with an unknown
// outcome has only its call.
func (k *object) decisive(i int32) int32 {
	if k.ops[i].unknown() {
		return k.ops[i].inv
	}
	return k.ops[i].ret
}

// moment returns a rank's time, or its line.
func (k sceneBuilder) moment(rank int32) time.Duration {
	if rank == never {
		return explain.Never
	}
	event := k.ranks[rank]
	switch {
	case k.lines && k.h.byEvent:
		return time.Duration(k.h.indices[event] + 1)
	case k.lines:
		return time.Duration(k.h.lines[event])
	}
	return time.Duration(k.h.times[event])
}

// noun returns the word for moments that are not times.
func (k sceneBuilder) noun() string {
	if k.h.byEvent {
		return "event"
	}
	return "line"
}

// step returns an operation as a step, with its sentence.
func (k sceneBuilder) step(i int32) explain.Step {
	o := &k.ops[i]
	process := k.h.processes[o.process]
	st := explain.Step{
		Row: int(process), Who: k.who(i), From: k.moment(o.inv), To: k.moment(o.ret), Fate: history.OK,
		Name: printable.Text(k.short(i), 24),
	}
	st.At = st.To
	switch {
	case o.unknown():
		st.At, st.Fate = st.From, history.Info
	case o.code == mismatch:
		st.Fate = history.Fail
	}
	did := printable.Text(k.did(i), 160)
	st.Text = func(clock explain.Clock) string {
		switch {
		case st.To == explain.Never:
			return fmt.Sprintf("%s called %s at %s; its outcome is unknown", st.Who, printable.Text(k.act(i), 160), clock(st.From))
		case clock(st.From) == clock(st.To):
			return fmt.Sprintf("%s %s at %s", st.Who, did, clock(st.To))
		}
		if k.lines {
			return fmt.Sprintf("%s %s (%ss %d to %d)", st.Who, did, k.noun(), st.From, st.To)
		}
		return fmt.Sprintf("%s %s, between %s and %s", st.Who, did, clock(st.From), clock(st.To))
	}
	return st
}

// holdsIn adds the times in which processes held a lock, as far as the operations show
// them.
func (k sceneBuilder) holdsIn(s *explain.Scene, is []int32) {
	within := map[int32]bool{} // operations that belong to the hold of an earlier one
	for n, i := range is {
		if k.ops[i].code != acquire || k.ops[i].unknown() || within[i] {
			continue
		}
		h := explain.Stay{Row: int(k.h.processes[k.ops[i].process]), From: k.moment(k.ops[i].ret), To: explain.Never, Name: "held"}
		depth := 1
		for _, j := range is[n+1:] {
			o := &k.ops[j]
			switch {
			case o.process != k.ops[i].process:
				continue
			case o.code == release:
				depth--
			case k.h.Model.kind.nests:
				depth++
				within[j] = true
			}
			if depth == 0 {
				h.To = k.moment(o.inv)
				break
			}
		}
		s.Hold(h)
	}
}
