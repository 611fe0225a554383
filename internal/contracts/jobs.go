package contracts

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// TakenJob is an attempt at a job, wherever the worker is.
type TakenJob struct {
	Job     []byte     `json:"job"`
	Attempt int        `json:"attempt"`
	Session history.ID `json:"session,omitempty"` // the session that owns the lease, in the answer to take, if known

	of subjects.Job // nil except in the process that took the job
}

// Lost returns the channel that is closed when the job is lost; nil if its worker is in another process, or does not
// report losses.
func (t TakenJob) Lost() <-chan struct{} {
	if h, ok := subjects.Offered[subjects.Holder](t.of); ok {
		return h.Lost()
	}
	return nil
}

func (t TakenJob) key() jobAttempt { return jobAttempt{string(t.Job), t.Attempt} }

type jobAttempt struct {
	job     string
	attempt int
}

var (
	errNoJob    = errors.New("take returned nil, without an error")
	errNotTaken = badValue{json.RawMessage(`"a job that this program has not taken"`)}
)

// The operations of a [subjects.JobQueue].
var (
	JobQueuePut  = gives(models.FEnqueue, subjects.JobQueue.Put)
	JobQueueTake = asks(models.FTake, func(q subjects.JobQueue, ctx context.Context) (TakenJob, error) {
		j, err := q.Take(ctx)
		if err == nil && j == nil {
			err = errNoJob
		}
		if err != nil {
			return TakenJob{}, err
		}
		t := TakenJob{Job: j.Job(), Attempt: j.Attempt(), of: j}
		if o, ok := subjects.Offered[subjects.Owner](j); ok {
			t.Session = history.ID(o.Session())
		}
		return t, nil
	})
	JobQueueFinish   = endsJob(models.FFinish, subjects.Job.Finish)
	JobQueueGiveBack = endsJob(models.FGiveBack, subjects.Job.GiveBack)
)

// endsJob declares an operation that ends an attempt.
func endsJob(name string, end func(subjects.Job, context.Context) error) *Op[subjects.JobQueue, TakenJob, None] {
	return gives(name, func(_ subjects.JobQueue, ctx context.Context, t TakenJob) error {
		if t.of == nil {
			return errNotTaken
		}
		return end(t.of, ctx)
	})
}

// JobQueues is the contract of a [subjects.JobQueue], whose constructor gets the number of attempts at
// a job.
var JobQueues = jobQueues(models.JobQueue)

func jobQueues(m *models.Model) *Contract[subjects.JobQueue, int] {
	return &Contract[subjects.JobQueue, int]{
		model: m, with: "tries", operations: []operation[subjects.JobQueue]{JobQueuePut, JobQueueTake, JobQueueFinish, JobQueueGiveBack},
		serves: func(_ subjects.JobQueue, to *subjects.Served) {
			s := &servedJobs{taken: map[jobAttempt]subjects.Job{}}
			s.take(to)
			s.end(to, JobQueueFinish)
			s.end(to, JobQueueGiveBack)
		},
	}
}

// servedJobs remembers the jobs that were taken through a served subject.
type servedJobs struct {
	mu    sync.Mutex
	taken map[jobAttempt]subjects.Job
}

// take remembers each job that is taken.
func (s *servedJobs) take(to *subjects.Served) {
	take := to.Operations[models.FTake]
	to.Operations[models.FTake] = func(ctx context.Context, value json.RawMessage) (any, error) {
		answer, err := take(ctx, value)
		if t, ok := answer.(TakenJob); ok {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.taken[t.key()] = t.of
		}
		return answer, err
	}
}

// end serves an operation that ends an attempt at a job that was taken.
func (s *servedJobs) end(to *subjects.Served, o *Op[subjects.JobQueue, TakenJob, None]) {
	to.Operations[o.name] = gives(o.name, func(q subjects.JobQueue, ctx context.Context, t TakenJob) error {
		s.mu.Lock()
		t.of = s.taken[t.key()]
		s.mu.Unlock()
		_, err := o.call(q, ctx, t)
		if err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.taken, t.key())
		}
		return err
	}).serve(to.Subject.(subjects.JobQueue))
}

// MasterWorkers is the contract of a [subjects.MasterWorker], with the operations of a [subjects.JobQueue].
var MasterWorkers = jobQueues(models.MasterWorker)
