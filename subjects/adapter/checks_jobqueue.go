package adapter

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

var (
	jobQueuesSuite     = suiteOf(contracts.JobQueues, always(2), jobChecks...)
	masterWorkersSuite = suiteOf(contracts.MasterWorkers, always(2), jobChecks...)
)

// jobChecks are also the checks of a master-worker, where each client may be the master.
var jobChecks = []check{
	{"normal", onTwo(worksJobs)},
	{"wait", onTwo(waitsForJob)},
	{"cancel", onTwo(cancelsJob)},
	{"cancel-at-once", onObject(func(t *trial, o *object) { t.atOnce(o, models.FTake) })},
	{"tries", onTwo(triesJobs)},
	{"crash", onTwo(crashedJob)},
}

func (t *trial) putJob(o *object, job string) {
	calls(t, o, contracts.JobQueuePut, []byte(job))
}

// takesJob takes a job and compares the job and the attempt.
func (t *trial) takesJob(o *object, job string, attempt int) contracts.TakenJob {
	got := calls(t, o, contracts.JobQueueTake, contracts.None{})
	if string(got.Job) != job || got.Attempt != attempt {
		t.failf("took %s for attempt %d; put was %s, and it is attempt %d", brief(got.Job), got.Attempt, brief([]byte(job)), attempt)
	}
	return got
}

// jobsAre checks the number of jobs in a folder of the znode.
func (t *trial) jobsAre(folder string, want int) {
	if names := t.children(t.path() + "/" + folder); len(names) != want {
		t.failf("%d jobs should be in %q below the znode; there are %q", want, folder, names)
	}
}

// worksJobs checks that one client can put jobs, and another one take and finish them.
func worksJobs(t *trial, a, b *object) {
	for i := range 3 {
		job := fmt.Sprint("job ", i)
		t.putJob(a, job)
		j := t.takesJob(b, job, 1)
		t.jobsAre(subjects.OpenJobs, 1)
		calls(t, b, contracts.JobQueueFinish, j)
	}
	t.jobsAre(subjects.OpenJobs, 0)
	t.jobsAre(subjects.DoneJobs, 3)
}

// waitsForJob checks that a take from an empty job queue waits.
func waitsForJob(t *trial, a, b *object) {
	var got contracts.TakenJob
	take := t.begin("take", func(ctx context.Context) error { return a.Call(ctx, models.FTake, nil, &got) })
	t.waits(take, "there is no job")
	t.putJob(b, "awaited")
	t.mustf(t.await(take), "take, after an enqueue")
	if string(got.Job) != "awaited" {
		t.failf("took %s, enqueued was %q", brief(got.Job), "awaited")
	}
	calls(t, a, contracts.JobQueueFinish, got)
}

// cancelsJob checks that a client that gives up a take has no job.
func cancelsJob(t *trial, a, b *object) {
	take := t.begin("take", func(ctx context.Context) error { return a.Call(ctx, models.FTake, nil, nil) })
	t.waits(take, "there is no job")
	t.cancelled(take)
	t.putJob(b, "kept")
	time.Sleep(aWhile) // for a take that continues after it was cancelled
	j := t.takesJob(b, "kept", 1)
	calls(t, b, contracts.JobQueueFinish, j)
}

// triesJobs checks that a job that was given back comes again, and is a dead letter
// after the last attempt.
func triesJobs(t *trial, a, b *object) {
	t.putJob(a, "bad")
	for i, o := range []*object{a, b} {
		j := t.takesJob(o, "bad", i+1)
		calls(t, o, contracts.JobQueueGiveBack, j)
	}
	// A worker may have to find out by itself that a job is a dead letter.
	take := t.begin("take", func(ctx context.Context) error { return b.Call(ctx, models.FTake, nil, nil) })
	t.waits(take, "there is no job but one that is dead")
	t.cancelled(take)
	t.jobsAre(subjects.OpenJobs, 0)
	t.jobsAre(subjects.DeadJobs, 1)
	t.jobsAre(subjects.DoneJobs, 0)
}

// crashedJob checks that the job of a killed client goes to another one.
func crashedJob(t *trial, a, b *object) {
	t.putJob(a, "orphan")
	t.takesJob(a, "orphan", 1)
	t.must(a.p.Kill())
	j := t.takesJob(b, "orphan", 2)
	calls(t, b, contracts.JobQueueFinish, j)
}
