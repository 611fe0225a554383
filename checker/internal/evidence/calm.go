package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file finds when servers had no excuse: no fault hit them or their clients, they had one
// leader, and it worked.

// Calm reports whether in a span, and for the time limit before it, there was no fault, no change
// of leaders and no stall of the harness.
func (a *Record) Calm(s Span) bool {
	before := s.From - a.Bound
	for _, f := range a.Faults.All {
		if f.From <= s.To && f.Over >= before {
			return false
		}
	}
	for _, st := range a.Stalls {
		if st.Length() > StallLimit && st.From <= s.To && st.To >= before {
			return false
		}
	}
	elected := func(t time.Duration) bool { return t >= before && t <= s.To+a.Bound }
	return !a.UnseenElections() && !slices.ContainsFunc(epochsOf(a), elected)
}

// epochsOf returns when clients were first shown zxids of each leader but the first.
var epochsOf = Once(func(a *Record) (times []time.Duration) {
	seen := a.Tie().seen
	for i := 1; i < len(seen); i++ {
		if seen[i].zxid>>32 > seen[i-1].zxid>>32 {
			times = append(times, seen[i].at)
		}
	}
	return times
})

// beat is a sign that the leader worked: at some moment from the first time to the second.
type beat struct{ sent, known time.Duration }

// beatsOf lists the signs that the leader worked, in the order in which they became
// known.
var beatsOf = Once(func(a *Record) (all []beat) {
	last := map[history.ID]time.Duration{}
	for e := range a.History.All() {
		if e.Alive > last[e.Session] {
			last[e.Session] = e.Alive
			all = append(all, beat{e.Alive, e.Time})
		}
	}
	return all
})

// Led reports whether the leader worked all through a span: it was never silent for longer than
// silent, by the requests of any client that a quorum answered.
func (a *Record) Led(s Span, silent time.Duration) bool {
	worked := s.From
	beats := beatsOf(a)
	i, _ := slices.BinarySearchFunc(beats, s.From, func(b beat, t time.Duration) int { return int(min(max(b.known-t, -1), 1)) })
	for ; i < len(beats) && worked < s.To; i++ {
		if beats[i].known-worked > silent {
			return false
		}
		worked = max(worked, beats[i].sent)
	}
	return s.To-worked <= silent
}
