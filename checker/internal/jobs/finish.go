package jobs

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// finishOnce says that a job is over when it is finished: nobody finishes it again, nobody
// takes it again, and a worker whose job another one took later does not finish it.
var finishOnce = &frame.Property{
	Name:     "finish-once",
	Meaning:  "each job was finished once at most, and not by a worker that had lost it",
	Decider:  "pairs of each job",
	Evidence: fromTimes,
	Decide: onQueue(func(f *frame.Finding, q *queue) {
		for _, j := range q.jobs {
			decideFinish(f, q, j)
		}
	}),
	Exercise: exercised,
}

func decideFinish(f *frame.Finding, q *queue, j *job) {
	var first *history.Operation
	for _, op := range j.finishes {
		if op.Outcome() != history.OK {
			continue
		}
		if first != nil {
			f.Violated(append(evidence.EventsOf(first), evidence.EventsOf(op)...), "client %d finished job %q of %s by %s, and client %d by %s",
				first.Client, j.name, q.Name, words.At(first.Return.Time), op.Client, words.At(op.Return.Time))
			return
		}
		first = op
	}
	if first == nil {
		return
	}
	var own *attempt // nil: it finished what it was not known to have
	if by := slices.IndexFunc(j.tried, func(t *attempt) bool { return t.finished == first }); by >= 0 {
		own = j.tried[by]
	}
	for _, t := range j.tried {
		switch {
		case t.asked > first.Return.Time:
			f.Violated(append(evidence.EventsOf(first), evidence.EventsOf(t.take)...), "client %d finished job %q of %s by %s, and client %d, which asked at %s, was given it for attempt %d",
				first.Client, j.name, q.Name, words.At(first.Return.Time), t.take.Client, words.At(t.asked), t.number)
			return
		case own != nil && t.follows(own) && t.granted < first.Began():
			witness := evidence.EventsOf(t.take)
			if t.asked <= own.granted {
				witness = t.shown()
			}
			f.Violated(slices.Concat(evidence.EventsOf(own.take), witness, evidence.EventsOf(first)),
				"client %d, which had taken job %q of %s by %s, began to finish it at %s and did, though client %d had taken it for attempt %d by %s",
				first.Client, j.name, q.Name, words.At(own.granted), words.At(first.Began()), t.take.Client, t.number, words.At(t.granted))
			return
		}
	}
}

// follows says that an attempt certainly began behind another one: its worker asked when that
// had been granted, or, if it had been asking before, still had the job when it was told so.
func (t *attempt) follows(other *attempt) bool {
	return t.asked > other.granted || t != other && t.core() && t.granted > other.granted
}
