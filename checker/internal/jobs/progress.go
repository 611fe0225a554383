package jobs

import (
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// progress says that after heal a job that nobody has and a live worker that waits for one
// are not together for long.
var progress = frame.Progress("jobs against waits", fromSessions,
	onQueue(func(f *frame.Finding, q *queue) {
		if !f.Timed(q.Record) {
			return
		}
		for _, j := range q.jobs {
			for _, s := range q.stays(j) {
				decideProgress(f, q, j, s)
			}
		}
	}))

// stay is a time in which a job certainly was pending, with what shows it.
type stay struct {
	evidence.Span
	shown []int
}

// stays are those of a job that are longer than the bound.
func (q *queue) stays(j *job) (of []stay) {
	if j.put == nil || j.put.Outcome() != history.OK {
		return nil
	}
	from, shown := j.put.Return.Time, evidence.EventsOf(j.put)
	add := func(to time.Duration, more ...int) {
		s := evidence.Span{From: max(from, q.free(to), q.Settled), To: to}
		if s.Length() > q.Bound {
			of = append(of, stay{s, slices.Concat(shown, more)})
		}
	}
	for _, t := range j.tried {
		add(t.asked, evidence.EventsOf(t.take)...)
		from = max(from, t.free())
		shown = slices.Concat(evidence.EventsOf(j.put), evidence.EventsOf(t.take), t.eEvents)
		if from == evidence.Never || t.finished != nil {
			return of
		}
	}
	if slices.Contains(q.final.where[j.name], open) {
		add(q.final.seen.Time, q.final.seen.Index)
	}
	return of
}

// free is from when on none of the takes of unknown outcome that began before a time has a
// job.
func (q *queue) free(before time.Duration) time.Duration {
	if n := q.unknownBefore(before); n > 0 {
		return q.over[n-1]
	}
	return evidence.Always
}

// bound finds out when takes, and what they may have begun, were over.
func (q *queue) bound() {
	from := evidence.Always
	for _, op := range q.unknown {
		exited, _ := q.ExitAfter(op.Client, op.Began())
		death := q.DeathOf(op)
		end := min(exited, death.By)
		if death.Newest != nil {
			end = min(end, death.Newest.Expired)
		}
		from = max(from, end)
		q.over = append(q.over, from)
	}
	var takes []evidence.Spanned[int]
	for i, op := range q.Ops {
		if op.F == models.FTake {
			takes = append(takes, evidence.Spanned[int]{Span: evidence.Span{From: op.Began(), To: evidence.Ended(op)}, Of: i})
		}
	}
	q.takes = evidence.NewIndex(takes)
}

// decideProgress looks for a worker that waited for long while a job was pending.
func decideProgress(f *frame.Finding, q *queue, j *job, s stay) {
	for _, i := range slices.Sorted(q.takes.Meeting(s.Span)) {
		op := q.Ops[i]
		in := evidence.Span{From: max(op.Began(), s.From), To: min(evidence.Ended(op), s.To)}
		for _, live := range q.WhileLive(op.Client, in) {
			f.Longest("longest_wait_seconds", live.Length())
			if r := frame.Overdue(q.Record, live, live.Length()); r != frame.Valid {
				f.Overdue(r, append(evidence.EventsOf(op), s.shown...), "client %d waited for a job of %s from %s to %s, while job %q was in it and nobody had it (%s, of %s allowed)",
					op.Client, q.Name, words.At(live.From), words.At(live.To), j.name, words.Lasting(live.Length()), words.Lasting(q.Bound))
				return
			}
		}
	}
}
