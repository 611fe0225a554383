package jobs

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
)

// exclusion requires that no two workers had one job at the same time. An attempt ends when its worker
// begins to end it, or with its session.
//
// That holds if and only if no two of the attempts that certainly lasted overlap, and each other
// attempt has a moment at which no worker certainly had the job.
var exclusion = &frame.Property{
	Name:     "lease-exclusion",
	Meaning:  "no two workers held the same job at the same time",
	Decider:  "intervals of each job",
	Evidence: fromSessions,
	Decide: onQueue(func(f *frame.Finding, q *queue) {
		for _, j := range q.jobs {
			decideExclusion(f, q, j)
		}
	}),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		return cmp.Or(exercised(a, figures), frame.Few(figures["lasting"], figures["attempts"]/2, "attempts that certainly lasted for some time"))
	},
}

func decideExclusion(f *frame.Finding, q *queue, j *job) {
	var cores, floating []*attempt
	for _, t := range j.tried {
		switch {
		case t.death.Contradictory:
			f.Unknown("the evidence about the session of a worker contradicts itself")
		case t.core():
			cores = append(cores, t)
		default:
			floating = append(floating, t)
		}
	}
	slices.SortFunc(cores, func(a, b *attempt) int { return cmp.Or(cmp.Compare(a.granted, b.granted), cmp.Compare(a.x, b.x)) })
	var longest *attempt // the attempt that reaches furthest so far
	for _, t := range cores {
		if longest != nil && t.granted < longest.x {
			f.Violated(append(longest.shown(), t.shown()...), "%s of %s at %s while client %d had it for attempt %d, %s",
				t.taken(), q.Name, words.At(t.granted), longest.take.Client, longest.number, longest.certain())
			return
		}
		if longest == nil || t.x > longest.x {
			longest = t
		}
	}
	for _, t := range floating {
		from, to := max(t.asked, t.x), min(t.granted, t.e)
		if from > to {
			f.Violated(evidence.Indices(append(t.shown(), t.eEvents...)...), "%s of %s at %s in a session that was dead before it asked, by %s",
				t.taken(), q.Name, words.At(t.granted), words.At(t.e))
			return
		}
		i := slices.IndexFunc(cores, func(c *attempt) bool { return c.granted < from && to < c.x })
		if i < 0 {
			continue
		}
		c := cores[i]
		f.Violated(slices.Concat(t.shown(), t.eEvents, c.shown()), "%s of %s at some moment from %s to %s, and all that time client %d had it for attempt %d, %s",
			t.taken(), q.Name, words.At(from), words.At(to), c.take.Client, c.number, c.certain())
		return
	}
}
