package barriers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// roundProgress requires that, after the heal, a full set of members does not wait long to get in,
// that no member that waited when the first one got in is left outside, and that members are not
// kept inside when all live ones want to leave.
var roundProgress = frame.Progress("waits at the gates", frame.FromSessions,

	onRound(func(ctx context.Context, f *frame.Finding, r *round) {
		if f.Timed(r.Record) {
			r.stuckOutside(f)
			r.leftOutside(f)
			r.stuckInside(ctx, f)
		}
	}))

// stuckOutside looks for a time in which enough live clients waited to get in. A client
// that gave up and soon tried again counts as waiting all the time.
func (r *round) stuckOutside(f *frame.Finding) {
	var edges []edge
	of := map[int][]evidence.Span{}
	var entered []time.Duration
	var counterexample []int
	for _, m := range r.members {
		if m.enter.Outcome() == history.OK {
			entered = append(entered, m.enter.Return.Time)
		}
		of[m.client] = append(of[m.client], r.WhileLive(m.client, evidence.Span{From: m.enter.Began(), To: evidence.Ended(m.enter)})...)
		counterexample = append(counterexample, evidence.EventsOf(m.enter)...)
	}
	for _, spans := range of {
		for _, s := range evidence.Union(spans) {
			edges = append(edges, edge{s.From, 1}, edge{s.To, -1})
		}
	}
	slices.Sort(entered)
	var full []evidence.Span
	for _, s := range above(edges, r.Params.Parties) {
		if s.Length() >= frame.RealWait {
			full = append(full, s)
		}
	}
	opened := func(from, to time.Duration) bool { return evidence.FirstFrom(entered, from) <= to }
	f.JudgeWaits(r.Record, full, opened, func(s evidence.Span, length time.Duration) (string, []int) {
		return fmt.Sprintf("%d live clients waited together to enter %s from %s to %s (%s, of %s allowed)",
			r.Params.Parties, r.Name, words.At(s.From), words.At(s.To), words.Lasting(length), words.Lasting(r.Bound)), counterexample
	})
}

// leftOutside looks for members that were still waiting to get in long after another member had
// been let in, which happens only when all are there. It finds nothing if a client had come
// twice by then, since what its first call left may have been counted. It excuses a client whose
// session ended after all had come, since it may have been counted in that session and has to
// wait for another round.
func (r *round) leftOutside(f *frame.Finding) {
	var first *member
	for _, m := range r.members {
		if m.enter.Outcome() == history.OK && (first == nil || m.enter.Return.Time < first.enter.Return.Time) {
			first = m
		}
	}
	if first == nil {
		return
	}
	since := first.enter.Return.Time
	came, all := map[int]int{}, evidence.Always
	for _, m := range r.members {
		if m.enter.Began() <= since {
			came[m.client]++
			all = max(all, m.enter.Began())
		}
	}
	for _, n := range came {
		if n > 1 {
			return
		}
	}
	for _, m := range r.members {
		counted := evidence.Span{From: all, To: evidence.Ended(m.enter)}
		if m.enter.Began() > since || len(came) < r.Params.Parties || m.exited < counted.To || m.death.OneEnded(counted) {
			continue
		}
		worst := evidence.Longest(r.WhileLive(m.client, evidence.Span{From: since, To: evidence.Ended(m.enter)}))
		f.Longest("longest_left_outside_seconds", worst.Length())
		f.Overdue(frame.Overdue(r.Record, worst, worst.Length()), slices.Concat(evidence.EventsOf(first.enter), evidence.EventsOf(m.enter)),
			"client %d still waited to enter %s from %s to %s (%s, of %s allowed), though client %d, which needed it inside, had entered at %s",
			m.client, r.Name, words.At(worst.From), words.At(worst.To), words.Lasting(worst.Length()), words.Lasting(r.Bound), first.client, words.At(since))
	}
}

// edge is a moment at which a count changes.
type edge struct {
	at time.Duration
	by int
}

// above returns when the count was at least n.
func above(edges []edge, n int) []evidence.Span {
	// At equal times ends come first, so that spans that only touch do not count together.
	slices.SortFunc(edges, func(x, y edge) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.by, y.by)) })
	var of []evidence.Span
	var since time.Duration
	c := 0
	for _, e := range edges {
		was := c
		c += e.by
		switch {
		case was < n && c >= n:
			since = e.at
		case was >= n && c < n && since < e.at:
			of = append(of, evidence.Span{From: since, To: e.at})
		}
	}
	return of
}

// stuckInside looks for a time in which a live member waited to get out, while all other members that
// had come were gone, dead, or waiting to get out as well.
func (r *round) stuckInside(ctx context.Context, f *frame.Finding) {
	var edges []edge
	for _, m := range r.members {
		for _, s := range evidence.Union(m.wantsOut()) {
			edges = append(edges, edge{s.From, 1}, edge{s.To, -1})
		}
	}
	all := above(edges, len(r.members))
	for _, m := range r.members {
		if ctx.Err() != nil {
			return
		}
		for _, l := range m.asked {
			worst := evidence.Longest(evidence.Intersect(r.WhileLive(m.client, evidence.Span{From: l.Began(), To: evidence.Ended(l)}), all))
			f.Longest("longest_leave_seconds", worst.Length())
			judged := frame.Overdue(r.Record, worst, worst.Length())
			if judged == frame.Valid || judged == frame.Violation && f.Again() || judged == frame.Unknown && f.Result != "" {
				continue
			}
			f.Overdue(judged, slices.Concat(evidence.EventsOf(m.enter), evidence.EventsOf(l), r.reasonsToGo()),
				"client %d waited to leave %s from %s to %s (%s, of %s allowed), though every member inside wanted to leave",
				m.client, r.Name, words.At(worst.From), words.At(worst.To), words.Lasting(worst.Length()), words.Lasting(r.Bound))
		}
	}
}

// wantsOut returns the times in which the member kept no other one in: before it came, while it waited
// to leave, and after it had left, given up or certainly died. A member whose process ended is present
// until its session is dead; that time is part of the bound.
func (m *member) wantsOut() []evidence.Span {
	end := min(m.death.By, m.exited)
	if s := m.death.OverAtLast(); s != nil {
		end = min(end, s.Expired)
	}
	if m.enter.Return != nil && m.enter.Outcome() != history.OK {
		end = min(end, m.enter.Return.Time)
	}
	out := []evidence.Span{{From: evidence.Always, To: m.enter.Began()}, {From: end, To: evidence.Never}}
	for _, l := range m.asked {
		if l.Outcome() == history.Fail {
			out = append(out, evidence.Span{From: l.Began(), To: l.Return.Time})
		} else {
			out = append(out, evidence.Span{From: l.Began(), To: evidence.Never})
		}
	}
	return out
}

// reasonsToGo returns the events that show why each member kept no other member inside.
func (r *round) reasonsToGo() []int {
	var counterexample []int
	for _, m := range r.members {
		counterexample = append(counterexample, evidence.EventsOf(m.enter)...)
		counterexample = append(counterexample, m.death.ByEvent, m.exit)
		if s := m.death.OverAtLast(); s != nil {
			counterexample = append(counterexample, s.ToldBy()...)
		}
		for _, l := range m.asked {
			counterexample = append(counterexample, evidence.EventsOf(l)...)
		}
	}
	return counterexample
}
