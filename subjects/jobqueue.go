package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// JobQueue gives each job to one worker at a time until the job is finished, or was tried
// as often as allowed. Its znode has three children whose children have a job as their
// data: [OpenJobs] for jobs that are not over, [DoneJobs] for finished jobs, and [DeadJobs]
// for dead letters. The recipe may have other znodes there. A worker whose session has
// expired may go on working, but its attempt must then end without an effect.
type JobQueue interface {
	Put(ctx context.Context, job []byte) error
	// Take waits for a job until ctx ends. Each call is one attempt at one job at most: if
	// the outcome of a request is unknown, Take returns that error. After an error the
	// client has no job, and what the call left behind, such as a lease, is removed.
	Take(ctx context.Context) (Job, error)
}

// The children of a job queue's znode.
const (
	OpenJobs = "jobs"
	DoneJobs = "done"
	DeadJobs = "dead"
)

// Job is one attempt at a job. It may be a [Holder], whose loss is the loss of the job, and
// an [Owner], for the session of the lease.
type Job interface {
	Job() []byte
	Attempt() int // from 1
	// Finish ends the job: it is then among the children of DoneJobs, and no longer among
	// those of OpenJobs.
	Finish(ctx context.Context) error
	// GiveBack ends only the attempt.
	GiveBack(ctx context.Context) error
}

// tries is the argument of a job queue.
type tries struct {
	Tries int `json:"tries"` // how often a job is tried
}

// NewJobQueue is zklab's own job queue, recipes.JobQueue.
func NewJobQueue(c *Client, path string, n int) (JobQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) JobQueue { return ownJobQueue{recipes.NewJobQueue(cl, path, n)} })
}

type ownJobQueue struct{ *recipes.JobQueue }

func (q ownJobQueue) Put(ctx context.Context, job []byte) error {
	_, err := q.JobQueue.Put(ctx, job)
	return err
}

func (q ownJobQueue) Take(ctx context.Context) (Job, error) {
	j, err := q.JobQueue.Take(ctx)
	if err != nil {
		return nil, err
	}
	return ownJob{j}, nil
}

// NewOnceJobQueue is zklab's own job queue, whose clients add jobs by PutOnce. If the
// outcome is unknown they repeat it, and then call it once more.
func NewOnceJobQueue(c *Client, path string, n int) (JobQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) JobQueue { return onceJobQueue{ownJobQueue{recipes.NewJobQueue(cl, path, n)}} })
}

type onceJobQueue struct{ ownJobQueue }

func (q onceJobQueue) Put(ctx context.Context, job []byte) error {
	for {
		_, err := q.PutOnce(ctx, string(job), job)
		if err == nil {
			_, _ = q.PutOnce(ctx, string(job), job) // this adds nothing
			return nil
		}
		if !errors.Is(err, recipes.ErrUnknown) || ctx.Err() != nil {
			return err
		}
	}
}

type ownJob struct{ of *recipes.Job }

func (j ownJob) Job() []byte                        { return j.of.Data }
func (j ownJob) Attempt() int                       { return j.of.Attempt }
func (j ownJob) Finish(ctx context.Context) error   { return j.of.Finish(ctx, j.of.Data) }
func (j ownJob) GiveBack(ctx context.Context) error { return j.of.GiveBack(ctx) }
func (j ownJob) Lost() <-chan struct{}              { return j.of.Lost() }
func (j ownJob) Session() int64                     { return j.of.Session() }

// takenJob is an attempt in the form in which processes exchange it.
type takenJob struct {
	Job     []byte     `json:"job"`
	Attempt int        `json:"attempt"`
	Session history.ID `json:"session,omitempty"` // in the answer to take, if known
}

func (t takenJob) key() jobAttempt { return jobAttempt{string(t.Job), t.Attempt} }

type jobAttempt struct {
	job     string
	attempt int
}

// ServeJobQueue serves job queues to another process.
func ServeJobQueue(make func(c *Client, path string, tries int) (JobQueue, error)) Maker {
	return func(c *Client, path string, value json.RawMessage) (*Served, error) {
		v, err := valued[tries](value)
		if err != nil {
			return nil, err
		}
		q, err := make(c, path, v.Tries)
		if err != nil {
			return nil, err
		}
		s := &servedJobs{q: q, taken: map[jobAttempt]Job{}}
		return &Served{Subject: q, Operations: map[string]Operation{
			models.FEnqueue:  taking(func(ctx context.Context, job []byte) (any, error) { return nil, q.Put(ctx, job) }),
			models.FTake:     s.take,
			models.FFinish:   taking(func(ctx context.Context, t takenJob) (any, error) { return nil, s.end(t, ctx, Job.Finish) }),
			models.FGiveBack: taking(func(ctx context.Context, t takenJob) (any, error) { return nil, s.end(t, ctx, Job.GiveBack) }),
		}}, nil
	}
}

// servedJobs remembers which jobs the other process has.
type servedJobs struct {
	q JobQueue

	mu    sync.Mutex
	taken map[jobAttempt]Job
}

func (s *servedJobs) take(ctx context.Context, _ json.RawMessage) (any, error) {
	j, err := s.q.Take(ctx)
	if err != nil {
		return nil, err
	}
	t := takenJob{Job: j.Job(), Attempt: j.Attempt()}
	if o, ok := Offered[Owner](j); ok {
		t.Session = history.ID(o.Session())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[t.key()] = j
	return t, nil
}

func (s *servedJobs) end(t takenJob, ctx context.Context, end func(Job, context.Context) error) error {
	s.mu.Lock()
	j := s.taken[t.key()]
	s.mu.Unlock()
	if j == nil {
		return badValue{json.RawMessage(`"a job that this program has not taken"`)}
	}
	err := end(j, ctx)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.taken, t.key())
	}
	return err
}

// RemoteJobQueue is the job queue of the adapter process that the client runs as.
func RemoteJobQueue(c *Client, path string, n int) (JobQueue, error) {
	return remoteJobs(c, models.JobQueue, path, n)
}

func remoteJobs(c *Client, of *models.Model, path string, n int) (JobQueue, error) {
	o, err := c.remote(of.Name, path, tries{n})
	if err != nil {
		return nil, err
	}
	return remoteJobQueue{o}, nil
}

type remoteJobQueue struct{ Object }

func (q remoteJobQueue) Put(ctx context.Context, job []byte) error {
	return q.Call(ctx, models.FEnqueue, job, nil)
}

func (q remoteJobQueue) Take(ctx context.Context) (Job, error) {
	var t takenJob
	if err := q.Call(ctx, models.FTake, nil, &t); err != nil {
		return nil, err
	}
	return remoteJob{t, q.Object}, nil
}

// remoteJob is a job in another process. Only the session that owns it is known here.
type remoteJob struct {
	takenJob
	of Object
}

func (j remoteJob) Job() []byte    { return j.takenJob.Job }
func (j remoteJob) Attempt() int   { return j.takenJob.Attempt }
func (j remoteJob) Session() int64 { return int64(j.takenJob.Session) }
func (j remoteJob) Finish(ctx context.Context) error {
	return j.of.Call(ctx, models.FFinish, j.takenJob, nil)
}

func (j remoteJob) GiveBack(ctx context.Context) error {
	return j.of.Call(ctx, models.FGiveBack, j.takenJob, nil)
}
