package checker

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// stallLimit is how late the harness's heartbeat may be before its own clocks
// and goroutines are no longer trusted for properties with a time limit.
const stallLimit = 250 * time.Millisecond

// Bound is how long a correct recipe may need after heal for anything that has
// a time limit: a dead session ends (time-out and up to two ticks), a client
// finds a server again, and two seconds are for everything else.
func Bound(p history.Params) time.Duration {
	return p.SessionTimeout + 2*p.Tick + p.Reconnect + 2*time.Second
}

// settle computes from when on timed properties count: from the end of heal;
// without any fault from the start of the load; and not at all if the ensemble
// was not healthy after the heal.
//
// Rounds end with the load, which waits for the last of them: whoever is stuck
// in one has given up before the ensemble is looked at again. For them it counts
// from when the last fault was undone. That the ensemble served from then on is
// shown by the client's own connection: a server without a leader keeps none.
func (a *analysis) settle() {
	a.bound = Bound(a.params)
	a.settled = a.phase(history.PhaseQuiesce)
	switch {
	case len(a.faults) == 0:
		a.settled = min(a.settled, a.phase(history.PhaseLoad))
	case a.inRounds():
		a.settled = min(a.settled, a.undone())
	}
	if after, ok := a.health["after"]; ok && !after.Healthy {
		a.settled = never
	}
}

// inRounds says that a key is one round, and not used from beginning to end.
func (a *analysis) inRounds() bool {
	return a.model == history.ModelBarrier || a.model == history.ModelDoubleBarrier
}

// undone is when the last fault was undone, or had come to nothing; never if
// one was not.
func (a *analysis) undone() time.Duration {
	last := always
	for _, f := range a.faults {
		last = max(last, f.over)
	}
	return last
}

// whileLive is the part of s during which the client was connected, its process
// ran, and timed properties count. Each reconnect begins a new span: it starts
// the clock anew.
func (a *analysis) whileLive(client int, s span) []span {
	if a.settled == never {
		return nil
	}
	s.from, s.to = max(s.from, a.settled), min(s.to, a.end)
	live, ok := a.live[client]
	if !ok {
		live = []span{{always, never}}
	}
	var of []span
	for _, l := range live[reaching(live, s.from):] {
		if l.from >= s.to {
			break
		}
		if from, to := max(l.from, s.from), min(l.to, s.to); from < to {
			of = append(of, span{from, to})
		}
	}
	away := a.away[client]
	return without(of, away[reaching(away, s.from):])
}

// reaching is the place of the first of some spans, in order and apart, that ends at
// t or later.
func reaching(of []span, t time.Duration) int {
	i, _ := slices.BinarySearchFunc(of, t, func(s span, t time.Duration) int { return cmp.Compare(s.to, t) })
	return i
}

// stalled sums the harness's own stalls that touch s.
func (a *analysis) stalled(s span) time.Duration {
	var sum time.Duration
	for _, st := range a.stalls {
		if st.length() > stallLimit && st.from < s.to && s.from < st.to {
			sum += st.length()
		}
	}
	return sum
}

// overdue judges a stretch in which something should have happened: valid if
// it is within the bound, unknown if only because of the harness's own stalls.
func (a *analysis) overdue(s span, length time.Duration) Result {
	switch {
	case length <= a.bound:
		return Valid
	case length <= a.bound+a.stalled(s):
		return Unknown
	}
	return Violation
}

// untimed is why timed properties cannot be decided, or "".
func (a *analysis) untimed() string {
	if a.settled == never {
		return "the record has no moment from which on the ensemble was healthy and free of faults, so nothing with a time limit can be decided"
	}
	return ""
}

// union merges spans that touch.
func union(of []span) []span {
	slices.SortFunc(of, func(x, y span) int { return cmp.Compare(x.from, y.from) })
	var merged []span
	for _, s := range of {
		if n := len(merged); n > 0 && s.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// without cuts the spans of b, which must be a union, out of those of a.
func without(a, b []span) []span {
	var left []span
	i := 0
	for _, s := range a {
		for i > 0 && b[i-1].to > s.from {
			i--
		}
		for ; i < len(b) && b[i].to <= s.from; i++ {
		}
		for j := i; j < len(b) && b[j].from < s.to; j++ {
			if b[j].from > s.from {
				left = append(left, span{s.from, b[j].from})
			}
			s.from = max(s.from, b[j].to)
		}
		if s.from < s.to {
			left = append(left, s)
		}
	}
	return left
}

// both is where the spans of a and those of b, both unions, overlap.
func both(a, b []span) []span {
	var of []span
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if from, to := max(a[i].from, b[j].from), min(a[i].to, b[j].to); from < to {
			of = append(of, span{from, to})
		}
		if a[i].to < b[j].to {
			i++
		} else {
			j++
		}
	}
	return of
}
