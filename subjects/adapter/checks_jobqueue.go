package adapter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

var (
	_ = declare(subjects.JobQueues, always(2), jobChecks...)
	_ = declare(subjects.MasterWorkers, always(2), jobChecks...)
)

// jobChecks are also the checks of a master-worker, where each client may be the master.
var jobChecks = []check{
	{"normal", onTwo(worksJobs)},
	{"wait", onTwo(waitsForJob)},
	{"cancel", onTwo(cancelsJob)},
	{"cancel-at-once", onObject(func(t *trial, o *object) error { return t.atOnce(o, models.FTake) })},
	{"tries", onTwo(triesJobs)},
	{"crash", crashedJob},
}

// takenJob is an attempt at a job, as in the answer to take.
type takenJob struct {
	Job     []byte     `json:"job"`
	Attempt int        `json:"attempt"`
	Session history.ID `json:"session,omitempty"`
}

func (t *trial) putJob(o *object, job string) error {
	return t.soon("enqueue", func(ctx context.Context) error { return o.Call(ctx, models.FEnqueue, []byte(job), nil) })
}

// takesJob takes a job and compares the job and the attempt.
func (t *trial) takesJob(o *object, job string, attempt int) (got takenJob, err error) {
	err = t.soon("take", func(ctx context.Context) error { return o.Call(ctx, models.FTake, nil, &got) })
	if err == nil && (string(got.Job) != job || got.Attempt != attempt) {
		err = fmt.Errorf("took %s for attempt %d; put was %s, and it is attempt %d", brief(got.Job), got.Attempt, brief([]byte(job)), attempt)
	}
	return got, err
}

func (t *trial) endsJob(o *object, op string, j takenJob) error {
	return t.soon(op, func(ctx context.Context) error { return o.Call(ctx, op, j, nil) })
}

// jobsAre says what is wrong with the jobs in a folder of the znode.
func (t *trial) jobsAre(folder string, want int) error {
	names, err := t.children(t.path() + "/" + folder)
	if err == nil && len(names) != want {
		err = fmt.Errorf("%d jobs should be in %q below the znode; there are %q", want, folder, names)
	}
	return err
}

// worksJobs: one client puts jobs, another one takes and finishes them.
func worksJobs(t *trial, a, b *object) error {
	for i := range 3 {
		job := fmt.Sprint("job ", i)
		if err := t.putJob(a, job); err != nil {
			return err
		}
		j, err := t.takesJob(b, job, 1)
		if err != nil {
			return err
		}
		if err := errors.Join(t.jobsAre(subjects.OpenJobs, 1), t.endsJob(b, models.FFinish, j)); err != nil {
			return err
		}
	}
	return errors.Join(t.jobsAre(subjects.OpenJobs, 0), t.jobsAre(subjects.DoneJobs, 3))
}

// waitsForJob: take of an empty job queue.
func waitsForJob(t *trial, a, b *object) error {
	var got takenJob
	take := t.begin("take", func(ctx context.Context) error { return a.Call(ctx, models.FTake, nil, &got) })
	if err := t.waits(take, "there is no job"); err != nil {
		return err
	}
	if err := t.putJob(b, "awaited"); err != nil {
		return err
	}
	if err := t.await(take); err != nil {
		return fmt.Errorf("take, after an enqueue: %w", err)
	}
	if string(got.Job) != "awaited" {
		return fmt.Errorf("took %s, enqueued was %q", brief(got.Job), "awaited")
	}
	return t.endsJob(a, models.FFinish, got)
}

// cancelsJob: a client that gives up has no job.
func cancelsJob(t *trial, a, b *object) error {
	take := t.begin("take", func(ctx context.Context) error { return a.Call(ctx, models.FTake, nil, nil) })
	if err := t.waits(take, "there is no job"); err != nil {
		return err
	}
	if err := t.cancelled(take); err != nil {
		return err
	}
	if err := t.putJob(b, "kept"); err != nil {
		return err
	}
	time.Sleep(aWhile) // for a take that continues after it was cancelled
	j, err := t.takesJob(b, "kept", 1)
	if err != nil {
		return err
	}
	return t.endsJob(b, models.FFinish, j)
}

// triesJobs: a job that was given back comes again, and is dead after the last attempt.
func triesJobs(t *trial, a, b *object) error {
	if err := t.putJob(a, "bad"); err != nil {
		return err
	}
	for i, o := range []*object{a, b} {
		j, err := t.takesJob(o, "bad", i+1)
		if err != nil {
			return err
		}
		if err := t.endsJob(o, models.FGiveBack, j); err != nil {
			return err
		}
	}
	// A worker may have to find out by itself that a job is dead.
	take := t.begin("take", func(ctx context.Context) error { return b.Call(ctx, models.FTake, nil, nil) })
	if err := t.waits(take, "there is no job but one that is dead"); err != nil {
		return err
	}
	if err := t.cancelled(take); err != nil {
		return err
	}
	return errors.Join(t.jobsAre(subjects.OpenJobs, 0), t.jobsAre(subjects.DeadJobs, 1), t.jobsAre(subjects.DoneJobs, 0))
}

// crashedJob: the job of a killed client goes to another one.
func crashedJob(t *trial) error {
	var of []*object
	for range 2 {
		p, err := t.client()
		if err != nil {
			return err
		}
		o, err := t.of(p, t.path())
		if err != nil {
			return err
		}
		of = append(of, o)
	}
	if err := t.putJob(of[0], "orphan"); err != nil {
		return err
	}
	if _, err := t.takesJob(of[0], "orphan", 1); err != nil {
		return err
	}
	if err := of[0].p.Kill(); err != nil {
		return err
	}
	j, err := t.takesJob(of[1], "orphan", 2)
	if err != nil {
		return err
	}
	return t.endsJob(of[1], models.FFinish, j)
}
