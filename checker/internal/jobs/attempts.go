package jobs

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/prose"
)

// attempts says that the attempts at a job are counted, one after the other, and that a job
// is dead only when all were begun. A take of which nobody knows may have begun one.
var attempts = &frame.Property{
	Name:     "attempts",
	Meaning:  "each attempt at a job had the next number, and only jobs that were tried often enough are dead",
	Decider:  "numbers of each job",
	Evidence: fromTimes,
	Decide: onQueue(func(f *frame.Finding, q *queue) {
		for _, j := range q.jobs {
			decideNumbers(f, q, j)
			if slices.Contains(q.final.where[j.name], dead) {
				f.Count("dead", 1)
				decideDead(f, q, j, q.final.seen)
			}
		}
	}),
	Exercise: exercised,
}

func decideNumbers(f *frame.Finding, q *queue, j *job) {
	if len(j.tried) == 0 {
		return
	}
	byNumber := slices.SortedStableFunc(slices.Values(j.tried), func(a, b *attempt) int { return a.number - b.number })
	for i, t := range byNumber {
		switch {
		case t.number < 1 || q.Params.Tries > 0 && t.number > q.Params.Tries:
			f.Violated(evidence.EventsOf(t.take), "%s of %s at %s, of %d", t.taken(), q.Name, words.At(t.granted), q.Params.Tries)
			return
		case i > 0 && byNumber[i-1].number == t.number:
			f.Violated(append(evidence.EventsOf(byNumber[i-1].take), evidence.EventsOf(t.take)...), "%s of %s at %s, and so did client %d at %s",
				t.taken(), q.Name, words.At(t.granted), byNumber[i-1].take.Client, words.At(byNumber[i-1].granted))
			return
		}
	}
	// The latest call of all with lower numbers is what a higher one must not have come before.
	latest := byNumber[0]
	for _, t := range byNumber[1:] {
		if t.granted < latest.asked {
			f.Violated(append(evidence.EventsOf(t.take), evidence.EventsOf(latest.take)...), "%s of %s by %s, and client %d, which asked at %s, for attempt %d",
				t.taken(), q.Name, words.At(t.granted), latest.take.Client, words.At(latest.asked), latest.number)
			return
		}
		if t.asked > latest.asked {
			latest = t
		}
	}
	highest := byNumber[len(byNumber)-1]
	unknown := q.unknown[:q.unknownBefore(highest.granted)]
	if missing := highest.number - len(byNumber); missing > len(unknown) {
		witness := eventsOf(unknown)
		for _, t := range byNumber {
			witness = append(witness, evidence.EventsOf(t.take)...)
		}
		f.Violated(witness, "%s of %s at %s, but of the attempts before it only %s known, and only %s with an unknown outcome had begun by then",
			highest.taken(), q.Name, words.At(highest.granted), areOnly(len(byNumber)-1), prose.Count(len(unknown), "take"))
	}
}

func areOnly(n int) string {
	if n == 1 {
		return "1 is"
	}
	return words.Number(n) + " are"
}

// unknownBefore is how many of the takes of unknown outcome had begun before a time.
func (q *queue) unknownBefore(t time.Duration) int {
	n, _ := slices.BinarySearchFunc(q.unknown, t, func(op *history.Operation, t time.Duration) int { return cmp.Compare(op.Began(), t) })
	return n
}

func eventsOf(ops []*history.Operation) (of []int) {
	for _, op := range ops {
		of = append(of, evidence.EventsOf(op)...)
	}
	return of
}

// decideDead judges a job that is dead at the end.
func decideDead(f *frame.Finding, q *queue, j *job, seen *history.Event) {
	if q.Params.Tries < 1 || len(j.tried)+len(q.unknown) >= q.Params.Tries {
		return
	}
	witness := append(eventsOf(q.unknown), seen.Index)
	for _, t := range j.tried {
		witness = append(witness, evidence.EventsOf(t.take)...)
	}
	f.Violated(witness, "at %s job %q of %s was dead after %s, of %d, and %s with an unknown outcome",
		words.At(seen.Time), j.name, q.Name, prose.Count(len(j.tried), "attempt"), q.Params.Tries, prose.Count(len(q.unknown), "take"))
}
