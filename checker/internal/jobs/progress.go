package jobs

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// progress requires that, after the heal, a free job and a live worker that waits for one do not exist
// together for long.
//
// A take of unknown outcome may have had one job, once. So to be excused, each job that was free
// for too long while a worker waited needs a take of its own that may have had it then.
var progress = frame.Progress("jobs against waits", fromSessions,
	onQueue(func(f *frame.Finding, q *queue) {
		if f.Timed(q.Record) {
			decideProgress(f, q)
		}
	}))

// stay is a time in which a job certainly was pending, if no take of unknown outcome had it.
type stay struct {
	evidence.Span
	job   *job
	after *attempt // the attempt with whose end it began; nil: it began with the put
	until *attempt // the attempt that got the job in the end; nil: the job was seen to be open
}

// stays lists the stays of a job that are longer than the bound.
func (q *queue) stays(j *job) (of []stay) {
	if j.put == nil {
		return nil
	}
	from, after := evidence.Never, (*attempt)(nil)
	if j.put.Outcome() == history.OK {
		from = j.put.Return.Time
	}
	add := func(to time.Duration, until *attempt) {
		if s := (evidence.Span{From: max(from, q.Settled), To: to}); s.From < s.To && s.Length() > q.Bound {
			of = append(of, stay{s, j, after, until})
		}
	}
	for i, t := range j.tried {
		add(t.asked, t)
		if i == 0 {
			from = min(from, t.granted) // it had been put by then, whatever the outcome of the put
		}
		if end := t.free(); end > from || after == nil {
			from, after = max(from, end), t
		}
		if from == evidence.Never || t.finished != nil {
			return of
		}
	}
	if slices.Contains(q.final.where[j.name], open) {
		add(q.final.seen.Time, nil)
	}
	return of
}

// shown returns the events that show a stay.
func (s *stay) shown(q *queue) []int {
	shown := evidence.EventsOf(s.job.put)
	if s.after != nil {
		shown = slices.Concat(shown, evidence.EventsOf(s.after.take), s.after.eEvents)
	}
	if s.until == nil {
		return append(shown, q.final.seen.Index)
	}
	return append(shown, evidence.EventsOf(s.until.take)...)
}

// overdue is a job that was free for too long, from a moment on, while a worker waited.
type overdue struct {
	stay
	at    time.Duration
	take  *history.Operation // the take that waited
	lived evidence.Span      // the time in which both lasted
}

func decideProgress(f *frame.Finding, q *queue) {
	w := q.waits()
	l := q.lostTakes(w.moments)
	var excused []overdue
	for _, j := range q.jobs {
		for _, s := range q.stays(j) {
			at, takes := l.fewest(s.From, s.To-q.Bound-1)
			if takes < 0 {
				continue
			}
			o := w.beside(q, s, at)
			if takes > 0 {
				excused = append(excused, o)
			} else {
				decideOverdue(f, q, o, l.between(o))
			}
		}
	}
	decideExcused(f, q, l, excused)
}

// decideOverdue judges a job that no worker can have had for some time.
func decideOverdue(f *frame.Finding, q *queue, o overdue, alone evidence.Span) {
	f.Longest("longest_wait_seconds", alone.Length())
	r := frame.Overdue(q.Record, alone, alone.Length())
	if r == frame.Violation && f.Again() {
		return
	}
	o.lived = alone
	f.Overdue(r, append(evidence.EventsOf(o.take), o.shown(q)...), "%s", o.text(q))
}

func (o *overdue) text(q *queue) string {
	return fmt.Sprintf("client %d waited for a job of %s from %s to %s, while job %q was in it and no worker had it (%s, of %s allowed)",
		o.take.Client, q.Name, words.At(o.lived.From), words.At(o.lived.To), o.job.name, words.Lasting(o.lived.Length()), words.Lasting(q.Bound))
}

// decideExcused assigns to each job a take of unknown outcome that may have had it.
func decideExcused(f *frame.Finding, q *queue, l *lostTakes, all []overdue) {
	// A stay that the harness's own stalls may excuse needs no take.
	all = slices.DeleteFunc(all, func(o overdue) bool { return q.Stalled(o.lived) > 0 })
	few, lacking := l.match(all)
	if lacking > 0 {
		f.Count("violations", float64(lacking-1))
	}
	if lacking == 0 || f.Again() {
		return
	}
	last := few.jobs[len(few.jobs)-1]
	f.Longest("longest_wait_seconds", last.lived.Length())
	counterexample := eventsOf(few.takes)
	for _, o := range few.jobs {
		counterexample = slices.Concat(counterexample, evidence.EventsOf(o.take), o.shown(q))
	}
	f.Violated(counterexample, "%s; if not, the same holds for another one of %s, as only %s with an unknown outcome may have had one each",
		last.text(q), prose.Count(len(few.jobs), "job"), prose.Count(len(few.takes), "take"))
}

// waits holds the times in which a worker waited for longer than the bound, and the moments
// from which such a wait had at least the bound left.
type waits struct {
	of      *evidence.Index[wait]
	moments []evidence.Span // a union
}

type wait struct {
	evidence.Span
	take *history.Operation
}

func (q *queue) waits() *waits {
	w := &waits{}
	var all []evidence.Spanned[wait]
	for _, op := range q.Ops() {
		s := evidence.Span{From: op.Began(), To: min(evidence.Ended(op), q.End)}
		if op.F != models.FTake || s.Length() <= q.Bound {
			continue
		}
		for _, live := range q.WhileLive(op.Client, s) {
			if live.Length() > q.Bound {
				all = append(all, evidence.Spanned[wait]{Span: live, Of: wait{live, op}})
				w.moments = append(w.moments, evidence.Span{From: live.From, To: live.To - q.Bound - 1})
			}
		}
	}
	w.of, w.moments = evidence.NewIndex(all), evidence.Union(w.moments)
	return w
}

// beside returns a job that was free from a moment on for longer than the bound, together with a
// worker that waited all that time.
func (w *waits) beside(q *queue, s stay, at time.Duration) overdue {
	o := overdue{stay: s, at: at}
	for x := range w.of.Meeting(evidence.Span{From: at, To: at}) {
		if x.To > at+q.Bound {
			o.take, o.lived = x.take, evidence.Span{From: max(x.From, s.From), To: min(x.To, s.To)}
			break
		}
	}
	return o
}
