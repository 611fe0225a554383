package jobs

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// attempts requires that the attempts at a job are numbered one after the other, and that a job is
// dead only when all attempts were begun. A take of unknown outcome may have begun an attempt at
// one job.
var attempts = &frame.Property{
	Name:     "attempts",
	NoModel:  frame.Counted,
	Meaning:  "each attempt at a job had the next number, and only jobs that used up their attempts are dead",
	Decider:  "numbers of each job",
	Evidence: fromTimes,
	Decide: onQueue(func(f *frame.Finding, q *queue) {
		var gaps []gap
		for _, j := range q.jobs {
			isDead := slices.Contains(q.final.where[j.name], dead)
			if isDead {
				f.Count("dead", 1)
			}
			if decideNumbers(f, q, j) && (j.put != nil || len(j.tried) > 0) {
				gaps = append(gaps, q.gaps(j, isDead)...)
			}
		}
		decideGaps(f, q, gaps)
	}),
	Exercise: exercised,
}

// decideNumbers reports whether the known attempt numbers of a job are right.
func decideNumbers(f *frame.Finding, q *queue, j *job) bool {
	if len(j.tried) == 0 {
		return true
	}
	byNumber := j.byNumber()
	for i, t := range byNumber {
		switch {
		case t.number < 1 || q.Params.Tries > 0 && t.number > q.Params.Tries:
			f.Violated(evidence.EventsOf(t.take), "%s of %s at %s, of %d allowed", t.taken(), q.Name, words.At(t.granted), q.Params.Tries)
			return false
		case i > 0 && byNumber[i-1].number == t.number:
			f.Violated(append(evidence.EventsOf(byNumber[i-1].take), evidence.EventsOf(t.take)...), "%s of %s at %s, and so did client %d at %s",
				t.taken(), q.Name, words.At(t.granted), byNumber[i-1].take.Client, words.At(byNumber[i-1].granted))
			return false
		}
	}
	// The take of a higher number must not have returned before the take of a lower number was
	// called.
	latest := byNumber[0]
	for _, t := range byNumber[1:] {
		if t.granted < latest.asked {
			f.Violated(append(evidence.EventsOf(t.take), evidence.EventsOf(latest.take)...), "%s of %s by %s, and client %d, which asked at %s, for attempt %d",
				t.taken(), q.Name, words.At(t.granted), latest.take.Client, words.At(latest.asked), latest.number)
			return false
		}
		if t.asked > latest.asked {
			latest = t
		}
	}
	return true
}

func (j *job) byNumber() []*attempt {
	return slices.SortedStableFunc(slices.Values(j.tried), func(a, b *attempt) int { return cmp.Compare(a.number, b.number) })
}

// gap is a series of attempt numbers of a job that no worker was given, although by some time a
// worker had been given a higher number, or the job was dead.
type gap struct {
	job     *job
	missing int
	by      time.Duration
	shows   *attempt // the attempt with the higher number; nil: the job was dead
}

// gaps lists the gaps of a job whose numbers are right.
func (q *queue) gaps(j *job, isDead bool) (of []gap) {
	next, g := 0, gap{job: j, by: evidence.Never}
	down := func(number int) {
		if g.missing = next - number - 1; g.missing > 0 && g.by != evidence.Never {
			of = append(of, g)
		}
		next = number
	}
	if isDead && q.Params.Tries > 0 {
		next, g.by = q.Params.Tries+1, q.final.seen.Time
	}
	for _, t := range slices.Backward(j.byNumber()) {
		down(t.number)
		if t.granted < g.by {
			g.by, g.shows = t.granted, t
		}
	}
	down(0)
	return of
}

// decideGaps assigns to each number that no worker was given a take of unknown outcome that had begun
// in time: if both are sorted, the i-th take must have begun by the time by which the i-th number was
// passed.
func decideGaps(f *frame.Finding, q *queue, gaps []gap) {
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(a.by, b.by) })
	missing := 0
	for i, g := range gaps {
		began := q.unknownBefore(g.by)
		if g.missing > began-missing {
			tellGaps(f, q, gaps[:i+1], q.unknown[:began])
			return
		}
		missing += g.missing
	}
}

// tellGaps describes the last of some gaps, and as many other gaps as make them too many for the
// takes, beginning with the gaps of the same job.
func tellGaps(f *frame.Finding, q *queue, gaps []gap, unknown []*history.Operation) {
	last := gaps[len(gaps)-1]
	gaps = slices.SortedStableFunc(slices.Values(gaps), func(a, b gap) int { return cmp.Compare(foreign(a, last), foreign(b, last)) })
	counterexample, left, others := eventsOf(unknown), len(unknown), 0
	for i, g := range gaps {
		if left < 0 {
			break
		}
		left -= min(g.missing, left+1)
		if g.job != last.job {
			others += g.missing
		}
		if i == 0 || g.job != gaps[i-1].job {
			for _, t := range g.job.tried {
				counterexample = append(counterexample, evidence.EventsOf(t.take)...)
			}
		}
		if g.shows == nil {
			counterexample = append(counterexample, q.final.seen.Index)
		}
	}
	also, takes := "", prose.Count(len(unknown), "take")
	if others > 0 {
		also = ", " + prose.Count(others, "attempt") + " at other jobs " + isOrAre(others) + " not known either"
	}
	if t := last.shows; t != nil {
		before := 0
		for _, other := range last.job.tried {
			if other.number < t.number {
				before++
			}
		}
		f.Violated(counterexample, "%s of %s at %s, but of the attempts before it only %s %s known%s, and only %s with an unknown outcome had begun by then",
			t.taken(), q.Name, words.At(t.granted), words.Number(before), isOrAre(before), also, takes)
		return
	}
	f.Violated(counterexample, "at %s job %q of %s was dead after %s, of %d%s, and %s with an unknown outcome",
		words.At(last.by), last.job.name, q.Name, prose.Count(len(last.job.tried), "attempt"), q.Params.Tries, also, takes)
}

// foreign returns 1 for a gap of another job than that of than, and otherwise 0.
func foreign(g, than gap) int {
	if g.job == than.job {
		return 0
	}
	return 1
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// unknownBefore returns how many of the takes of unknown outcome had begun at t or before.
func (q *queue) unknownBefore(t time.Duration) int {
	return sort.Search(len(q.unknown), func(i int) bool { return q.unknown[i].Began() > t })
}

func eventsOf(ops []*history.Operation) (of []int) {
	for _, op := range ops {
		of = append(of, evidence.EventsOf(op)...)
	}
	return of
}
