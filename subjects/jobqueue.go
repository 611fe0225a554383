package subjects

import (
	"context"
	"errors"

	"github.com/zklab/zklab/recipes"
)

// JobQueue gives each job to one worker at a time until the job is finished, or was tried
// as often as allowed. Its znode has three children whose children have a job as their
// data: [OpenJobs] for jobs that are not over, [DoneJobs] for finished jobs, and [DeadJobs]
// for dead letters. The recipe may have other znodes there. A worker whose session has
// expired may go on working, but its attempt must then end without an effect.
type JobQueue interface {
	// Put adds a job. Each job is put once: it is not put again, even after an error.
	Put(ctx context.Context, job []byte) error
	// Take waits for a job until ctx ends. It is called by a client that has no job. Each call is
	// one attempt at one job at most: if the outcome of a request is unknown, Take returns that
	// error. After an error the client has no job, what the call left behind, such as a lease, is
	// removed, and Take or Put may be called.
	Take(ctx context.Context) (Job, error)
}

// The children of a job queue's znode.
const (
	OpenJobs = "jobs"
	DoneJobs = "done"
	DeadJobs = "dead"
)

// Job is one attempt at a job. It may be a [Holder], which reports the loss of the job, and an
// [Owner], which returns the session of the lease.
type Job interface {
	Job() []byte  // called once, after Take
	Attempt() int // from 1; called once, after Take
	// Finish ends the job: it is then among the children of DoneJobs, and no longer among those of
	// OpenJobs. Each attempt ends with a call of Finish or of GiveBack, even if the job was lost.
	// If that fails with an error that reports that the call had no effect ([NoEffect]), and the job
	// is not lost, it is called again, twice at most. After another error it is not called again.
	Finish(ctx context.Context) error
	// GiveBack ends only the attempt. It is called instead of Finish, in the same way.
	GiveBack(ctx context.Context) error
}

// NewJobQueue returns zklab's own job queue, recipes.JobQueue.
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

// NewOnceJobQueue returns zklab's own job queue, whose clients add jobs by PutOnce. If the outcome
// is unknown they repeat it, and then call it once more.
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
