package recipes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Job is a job that this client has taken. It is safe for concurrent use.
type Job struct {
	ID      string // what [JobQueue.Put] returned
	Data    []byte // do not change it: GiveBack may write it to a dead letter
	Attempt int    // the number of this attempt, from 1

	q     *JobQueue
	name  jobName
	lease *contend.Hold // of the worker
	// over, if set, gives up the lease, which is this job's alone, when the job has ended.
	// The lease ended with the job if the outcome is Applied.
	over func(calls.Outcome)

	ending *semaphore.Weighted // one call at a time
	ended  bool
}

func newJob(q *JobQueue, name jobName, lease *contend.Hold, data []byte) *Job {
	return &Job{ID: name.id, Data: data, Attempt: name.attempt, q: q, name: name, lease: lease, ending: semaphore.NewWeighted(1)}
}

// Lost returns a channel that closes when this client may have lost the job: its session is gone,
// no quorum has answered for one session timeout, another client has removed the worker's znode, or
// the job queue was closed. If the job is not finished, another worker gets it.
func (j *Job) Lost() <-chan struct{} { return j.lease.Lost }

// Session returns the id of the session that owns the worker's lease.
func (j *Job) Session() int64 { return j.lease.Contender.Session.ID }

// Finish ends the job with a result, which [JobQueue.Result] returns. An error with NoEffect means
// that this client has not finished the job and never will: [ErrLost], [ErrTooLarge], [ErrNotHeld]
// if the attempt has ended before, [ErrClosed], the error of ctx, or what a server refused.
// [ErrUnknown] means that the job may be finished; if it is not, it is given back in the background.
func (j *Job) Finish(ctx context.Context, result []byte) error {
	if len(result) > MaxItem {
		return j.q.r.Definite("finish", ErrTooLarge)
	}
	return j.end(ctx, "finish", gone(j.q.job(j.ID)), newZnode(j.q.done(j.ID), slices.Clone(result)))
}

// GiveBack ends this attempt. The job is pending again, or dead after its last try. An error with
// NoEffect means that this call has not ended the attempt and never will: [ErrLost], [ErrNotHeld]
// if the attempt has ended before, [ErrClosed], the error of ctx, or what a server refused.
// [ErrUnknown] means that the attempt may have ended; if it has not, the job is given back in the
// background.
func (j *Job) GiveBack(ctx context.Context) error {
	return j.end(ctx, "give back", j.q.returned(j.name, j.Data)...)
}

// end ends the attempt, and applies ops in the same multi, as long as the lease lasts.
func (j *Job) end(ctx context.Context, op string, ops ...any) error {
	q := j.q
	worker := j.worker()
	ops = append([]any{j.leased(), gone(q.taken(j.name))}, ops...)
	mended := false
	return q.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (o calls.Outcome, err error) {
		if err := j.ending.Acquire(ctx, 1); err != nil {
			return calls.NotApplied, err
		}
		defer j.ending.Release(1)
		switch {
		case j.ended:
			return calls.NotApplied, ErrNotHeld
		case j.lease.Contender.Session != z:
			return calls.NotApplied, ErrLost
		}
		o, err = q.markers.WriteOr(ctx, z, q.undo(j.name), ops...)
		if o == calls.NotApplied && errors.Is(err, zk.ErrNoNode) {
			err = cmp.Or(q.mend(ctx, z, &mended, worker, q.taken(j.name)), ErrLost)
		}
		if j.ended = o != calls.NotApplied || errors.Is(err, ErrLost); j.ended && j.over != nil {
			j.over(o)
		}
		return o, err
	})
}

// mend creates the folders again, once, if all paths exist: then another client has removed a
// folder. It returns ErrAgain to ask for another attempt.
func (q *JobQueue) mend(ctx context.Context, z *client.Session, mended *bool, paths ...string) error {
	if exist, err := q.r.Client.QuorumSync(ctx, z, paths...); err != nil || !exist || *mended {
		return err
	}
	*mended = true
	return cmp.Or(q.ensureFolders(ctx, z), calls.ErrAgain)
}

// leased returns the op that makes the end of the job fail without the lease. The op also ends the
// lease if the lease is for this job alone.
func (j *Job) leased() any {
	if j.over != nil {
		return gone(j.worker())
	}
	return present(j.worker())
}

// worker returns the path of the lease's znode.
func (j *Job) worker() string {
	return znodes.Join(j.q.workers.Path, j.lease.Contender.Name)
}

// letGo gives the job back in the background, unless the job has ended, or ends with its lease.
func (j *Job) letGo() {
	if !j.ending.TryAcquire(1) { // f left the job to a goroutine that is about to end it
		return
	}
	defer j.ending.Release(1)
	if j.ended || j.lease.IsLost() {
		return
	}
	j.ended = true
	j.q.r.CleanUp(nil, j.q.undo(j.name))
	if j.over != nil {
		j.over(calls.NotApplied)
	}
}

// returned returns the ops that continue a job after an attempt that did not finish it.
func (q *JobQueue) returned(n jobName, data []byte) []any {
	if n.last() {
		return []any{gone(q.job(n.id)), newZnode(q.dead(n.id), data)}
	}
	return []any{newZnode(q.pending(n.givenBack()), nil)}
}

// undo gives back a job that this client may or may not have.
func (q *JobQueue) undo(n jobName) func(context.Context, *client.Session) error {
	return func(ctx context.Context, z *client.Session) error {
		if _, err := q.r.Client.QuorumSync(ctx, z, q.taken(n)); err != nil {
			return err
		}
		return q.giveBack(ctx, z, n)
	}
}

// giveBack ends an attempt, of any worker, unless the attempt has ended. The attempt's znode never
// comes back, so giveBack may be repeated. If another client has deleted the job, giveBack removes
// what is left of it.
func (q *JobQueue) giveBack(ctx context.Context, z *client.Session, n jobName) error {
	var data []byte
	if n.last() {
		v, err := q.r.Client.Get(ctx, z, q.job(n.id))
		if errors.Is(err, zk.ErrNoNode) { // the job is over, and so is the attempt
			_, err = q.r.Client.Remove(ctx, z, q.taken(n))
			return err
		}
		if err != nil {
			return err
		}
		data = v.Data
	}
	ops := append([]any{gone(q.taken(n))}, q.returned(n, data)...)
	_, err := client.Retry(ctx, q.r.Client, z, client.Write, func() ([]zk.MultiResponse, error) { return q.r.Client.Conn.Multi(ops...) })
	if errors.Is(err, zk.ErrNoNode) {
		return q.mend(ctx, z, new(bool), q.taken(n))
	}
	return err
}

// JobError is the error of a Do that had a job. It wraps the error of the job's function, or of the
// end of the job. Any other error of Do means that there was no job. So a worker that does one job
// after the other goes on after a JobError and stops at other errors:
//
//	err := queue.Do(ctx, work)
//	if _, had := errors.AsType[*recipes.JobError](err); err != nil && !had {
//		return err
//	}
type JobError struct {
	ID      string // of the job
	Attempt int    // the number of the attempt, from 1
	Err     error
}

func (e *JobError) Error() string {
	return fmt.Sprintf("attempt %d at job %s: %v", e.Attempt, e.ID, e.Err)
}

// Unwrap returns the cause.
func (e *JobError) Unwrap() error { return e.Err }

// failed wraps err in a JobError. It returns nil if err is nil.
func (j *Job) failed(err error) error {
	if err == nil {
		return nil
	}
	return &JobError{ID: j.ID, Attempt: j.Attempt, Err: err}
}
