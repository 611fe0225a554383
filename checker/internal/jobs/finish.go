package jobs

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// finishOnce requires that a job is over when it is finished: no worker finishes it again, no worker
// takes it again, and a worker does not finish a job that another one took later.
//
// An attempt that began after the one that finished the job shows a mistake in any case: either it
// began when the job was over, or its worker had the job when another worker finished it. So times
// do not matter. A finish of unknown outcome is also judged, if the job was done in the end and
// nothing else can have finished it.
var finishOnce = &frame.Property{
	Name:     "finish-once",
	NoModel:  frame.Counted,
	Meaning:  "each job was finished at most once, and never by a worker that had lost it",
	Decider:  "pairs of each job",
	Evidence: fromTimes,
	Decide: onQueue(func(f *frame.Finding, q *queue) {
		for _, j := range q.jobs {
			if first := decideTwice(f, q, j); first != nil {
				decideFinish(f, q, j, first, nil)
			} else if slices.Contains(q.final.where[j.name], done) {
				decideFinish(f, q, j, j.only(), q.final.seen)
			}
		}
	}),
	Exercise: exercised,
}

// decideTwice looks for two operations that finished a job. It returns the first one, or nil if none is
// known.
func decideTwice(f *frame.Finding, q *queue, j *job) (first *history.Operation) {
	for _, op := range j.finishes {
		if op.Outcome() != history.OK {
			continue
		}
		if first != nil {
			f.Violated(append(evidence.EventsOf(first), evidence.EventsOf(op)...), "client %d finished job %q of %s by %s, and client %d by %s",
				first.Client, j.name, q.Name, words.At(first.Return.Time), op.Client, words.At(op.Return.Time))
			return nil
		}
		first = op
	}
	return first
}

// only returns the one operation that can have finished a job; nil if there are several.
func (j *job) only() *history.Operation {
	if len(j.finishes) == 1 {
		return j.finishes[0]
	}
	return nil
}

// decideFinish judges the call that finished a job. If its outcome is unknown, settled
// shows that it did finish the job.
func decideFinish(f *frame.Finding, q *queue, j *job, finish *history.Operation, settled *history.Event) {
	if finish == nil {
		return
	}
	shown := evidence.EventsOf(finish)
	if settled != nil {
		shown = append(shown, settled.Index)
	}
	own := j.by(finish)
	for _, t := range j.tried {
		switch {
		case settled == nil && t.asked > finish.Return.Time:
			f.Violated(append(shown, evidence.EventsOf(t.take)...), "client %d finished job %q of %s by %s, and client %d, which asked at %s, was given it for attempt %d",
				finish.Client, j.name, q.Name, words.At(finish.Return.Time), t.take.Client, words.At(t.asked), t.number)
			return
		case own != nil && t.follows(own):
			counterexample := evidence.EventsOf(t.take)
			if t.asked <= own.granted {
				counterexample = t.shown()
			}
			f.Violated(slices.Concat(evidence.EventsOf(own.take), counterexample, shown),
				"client %d, which had taken job %q of %s by %s, began to finish it at %s and did%s, though client %d had taken it for attempt %d by %s",
				finish.Client, j.name, q.Name, words.At(own.granted), words.At(finish.Began()), wasDone(settled), t.take.Client, t.number, words.At(t.granted))
			return
		}
	}
}

// wasDone returns text that explains when it was settled that a job was done, or "".
func wasDone(settled *history.Event) string {
	if settled == nil {
		return ""
	}
	return " (no other client can have done so, and it was done at " + words.At(settled.Time) + ")"
}

// by returns the attempt that a finish ended; nil if the worker was not known to have the job.
func (j *job) by(finish *history.Operation) *attempt {
	for _, t := range j.tried {
		if slices.Contains(t.ends, finish) {
			return t
		}
	}
	return nil
}

// follows reports whether an attempt certainly began after another one: its worker called take after
// the other one was granted, or it was granted later and certainly lasted from then on.
func (t *attempt) follows(other *attempt) bool {
	return t.asked > other.granted || t != other && t.core() && t.granted > other.granted
}
