// Package jobs decides the promises of job queues with unique jobs, including those whose jobs a master
// assigns. It reads evidence, runs nothing, and knows no other object.
//
// [JobQueue] is declared here, beside the code that reads a key, and [MasterWorker] in a file of its
// own. Each property has a file.
package jobs

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
	"github.com/zklab/zklab/history/models"
)

// JobQueue gives each job to one worker at a time.
var JobQueue = frame.Model{
	Object:     models.JobQueue,
	Properties: []*frame.Property{exclusion, finishOnce, conservation, attempts, progress, frame.OwnZnodes, frame.LogAgrees(nil, nil)},
	References: []*frame.Reference{exclusionReference},
}

// queue holds what happened to one job queue.
type queue struct {
	*evidence.Key
	jobs    []*job               // in order of their first event
	unknown []*history.Operation // takes that may have begun an attempt, in order of invocation
	final   final
	doubled string             // a job that was put twice
	figures map[string]float64 // counts for the exercise conditions
}

// job is one job that was put, or taken.
type job struct {
	name  string
	put   *history.Operation // the put, unless it certainly failed; nil: none
	tried []*attempt         // by the times at which the takes returned
	// The calls, by any worker, that may have finished the job, in order of invocation.
	finishes []*history.Operation
}

// attempt is an attempt at a job that a take reported to its worker. It began at some
// moment in [asked,granted] and ended at some moment in [x,e].
type attempt struct {
	job            *job
	number         int
	take           *history.Operation
	asked, granted time.Duration
	x, e           time.Duration
	xEvents        []int // events that show the earliest end
	eEvents        []int // events that show the latest end
	ends           []*history.Operation
	finished       *history.Operation // a finish that succeeded; nil: none known
	death          evidence.Death
	exited         time.Duration // when the worker's process ended
	refused        bool          // the last call to end it, as far as is known, had no effect, so it went on
}

// core reports whether the attempt certainly lasted from its grant to x.
func (t *attempt) core() bool { return t.x >= t.granted }

var queueOf = evidence.OncePerKey(readQueue)

func readQueue(k *evidence.Key) *queue {
	q := &queue{Key: k, figures: map[string]float64{}}
	by := map[string]*job{}
	named := func(name string) *job {
		j := by[name]
		if j == nil {
			j = &job{name: name}
			by[name] = j
			q.jobs = append(q.jobs, j)
		}
		return j
	}
	running := evidence.NewReach()
	for _, op := range k.Ops() {
		switch {
		case op.F == models.FEnqueue && op.Outcome() != history.Fail:
			var v models.Item
			k.Decode(op.Invoke, &v)
			j := named(v.Item)
			if j.put != nil {
				q.doubled = v.Item
			}
			j.put = op
		case op.F == models.FTake && op.Outcome() == history.Info:
			q.unknown = append(q.unknown, op)
		case op.F == models.FTake && op.Outcome() == history.OK:
			var v models.Attempt
			k.Decode(op.Return, &v)
			j := named(v.Item)
			j.tried = append(j.tried, q.begun(j, v.Attempt, op))
			if running.Beyond(op.Client, op.Began()) {
				frame.TallyCall(q.figures, k.Record, "overlapping", op)
			}
		case op.F == models.FFinish || op.F == models.FGiveBack:
			var v models.Attempt
			k.Decode(op.Invoke, &v)
			named(v.Item).end(op, v)
		}
		if op.F == models.FTake {
			running.Add(op.Client, min(evidence.Ended(op), k.End))
		}
	}
	q.figures["jobs"] = float64(len(q.jobs))
	q.final = finally(k)
	q.figures["unknown_takes"] = float64(len(q.unknown))
	for _, j := range q.jobs {
		slices.SortStableFunc(j.tried, func(a, b *attempt) int { return cmp.Compare(a.granted, b.granted) })
		for i, t := range j.tried {
			t.settle(k.Record)
			q.count(t, i)
		}
	}
	return q
}

// begun returns the attempt that a take began.
func (q *queue) begun(j *job, number int, op *history.Operation) *attempt {
	exited, _ := q.ExitAfter(op.Client, op.Began())
	return &attempt{job: j, number: number, take: op, asked: op.Began(), granted: op.Return.Time, death: q.DeathOf(op), exited: exited}
}

// end adds a call that was to end an attempt, and finds the attempt.
func (j *job) end(op *history.Operation, v models.Attempt) {
	if op.F == models.FFinish && op.Outcome() != history.Fail {
		j.finishes = append(j.finishes, op)
	}
	for _, t := range slices.Backward(j.tried) {
		if t.take.Client == op.Client && t.number == v.Attempt {
			t.ends = append(t.ends, op)
			return
		}
	}
}

// settle determines when the attempt ended. It certainly lasted until its worker last said,
// when it began to end it, that it had not been told of a loss: a lease can be given up
// while its session lives, and even before a take that stood still has returned. A worker
// in another process may hear of the loss late: there only a successful end proves that the
// attempt lasted.
func (t *attempt) settle(a *evidence.Record) {
	t.x, t.e = t.asked, evidence.Never
	for _, op := range t.ends {
		var v models.Attempt
		a.Decode(op.Invoke, &v)
		if v.Held && (!a.Offers.Remote || op.Outcome() == history.OK) && (t.xEvents == nil || t.refused) {
			t.x, t.xEvents, t.refused = op.Began(), []int{op.Invoke.Index}, op.Outcome() == history.Fail
			if a.Offers.Remote {
				t.xEvents = evidence.EventsOf(op)
			}
		}
		if op.Outcome() != history.OK {
			continue
		}
		if op.Return.Time < t.e {
			t.e, t.eEvents = op.Return.Time, evidence.EventsOf(op)
		}
		if op.F == models.FFinish {
			t.finished = op
		}
	}
	t.x = min(t.x, t.death.From)
	if t.x != evidence.Always {
		t.xEvents = append(t.xEvents, t.death.ShownAt(t.x)...)
	}
	if t.death.By < t.e {
		t.e, t.eEvents = t.death.By, []int{t.death.ByEvent}
	}
	if t.e < t.x && !t.death.Contradictory {
		t.x = t.e // only a tie of clocks can cause this
	}
}

func (q *queue) count(t *attempt, before int) {
	q.figures["attempts"]++
	if before > 0 {
		q.figures["redelivered"]++
	}
	if !t.core() {
		q.figures["floating"]++
	}
	if t.x > t.granted {
		q.figures["lasting"]++
	}
	over := min(t.exited, t.death.By)
	if s := t.death.OverAtLast(); s != nil {
		over = min(over, s.Expired)
	}
	for _, op := range t.ends {
		if op.Outcome() != history.Fail && op.Began() < over {
			return
		}
	}
	if over != evidence.Never {
		q.figures["ended_by_death"]++
	}
}

// free returns the time from which no client has the job by this attempt, or never if that is not
// known.
func (t *attempt) free() time.Duration {
	end := min(t.e, t.exited)
	if s := t.death.OverAtLast(); s != nil {
		end = min(end, s.Expired)
	}
	return end
}

// shown returns the events of the take, and of what shows the earliest end.
func (t *attempt) shown() []int {
	return evidence.Indices(append(evidence.EventsOf(t.take), t.xEvents...)...)
}

// certain returns text for the interval in which the attempt certainly lasted.
func (t *attempt) certain() string {
	if t.x == evidence.Never {
		return "from " + words.At(t.granted) + " to the end"
	}
	return "from " + words.At(t.granted) + " until at least " + words.At(t.x)
}

// onQueue decides a property of one job queue, if its jobs are unique.
func onQueue(decide func(*frame.Finding, *queue)) func(context.Context, *evidence.Key) frame.Finding {
	return func(_ context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		q := queueOf(k)
		f.Add(q.figures)
		if q.doubled != "" {
			f.Unknown("job %q was put twice; jobs must be unique to be told apart", q.doubled)
			return f
		}
		decide(&f, q)
		return f
	}
}

// exercised requires workers that competed, jobs that came back, and, if sessions were to
// end, a session that ended while its worker had a job.
func exercised(a *evidence.Record, figures map[string]float64) string {
	died := ""
	if (a.ExpectsDeaths() || a.ExpectsExpiries()) && figures["ended_by_death"] == 0 {
		died = frame.Because("no worker that had a job died", frame.MoreDeaths)
	}
	return cmp.Or(frame.Because(frame.Few(figures["overlapping"], 10, "takes that overlapped another take"), frame.MoreMeetings),
		frame.Because(frame.Few(figures["redelivered"], 1, "jobs that were delivered again"), frame.MoreLoad), died)
}

func fromSessions(*evidence.Record) string { return "R, S" }
func fromTimes(*evidence.Record) string    { return "R" }

// taken names the attempt and its client.
func (t *attempt) taken() string {
	return fmt.Sprintf("client %d took job %q for attempt %d", t.take.Client, t.job.name, t.number)
}
