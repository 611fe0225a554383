package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// Trace has functions that a call runs while it waits in line: [Lock.Lock], [RWLock.Lock],
// [Semaphore.Acquire], [Election.Campaign] and the calls that use them. Each function may be nil.
// The goroutine of the call runs them, and waits for them.
//
// [Group.Join] and [Service.Register] run them for the znode of the member. They also run them
// after the call, in another goroutine: LinedUp each time that the znode was created, Gone each
// time that it has gone without a Leave.
type Trace struct {
	// LinedUp gets the path of the contender's znode when the znode exists, once in each session.
	LinedUp func(path string)
	// Waits runs each time that the call begins to wait for others. It gets the path of the first
	// contender in line, and the paths of the contenders that the call watches.
	Waits func(first string, watched []string)
	// Gone gets the path of a watched contender that has gone.
	Gone func(path string)
	// Assigned gets each task that [MasterWorker.Lead] has assigned. It may miss a task if the
	// reply was lost.
	Assigned func(a Assignment)
	// PutBack gets each task that [MasterWorker.Lead] has taken from a worker that has gone. Another worker
	// gets the task, or it is dead if this was its last try.
	PutBack func(a Assignment)
}

// Assignment is an attempt at a task that a master has assigned to a worker. Its data cost the master
// a read.
type Assignment struct {
	Task    string   // the id that [MasterWorker.Submit] returned
	Data    []byte   // of the task; nil if the task is over by now
	Attempt int      // from 1
	Worker  string   // the id of the worker; "" if it had gone before this master saw it
	Free    []string // the ids of the workers that waited for a task just before, this one first; nil in PutBack
}

type traceKey struct{}

// WithTrace returns a context with which calls run the functions of t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	ctx = contend.WithTrace(ctx, contend.Trace{LinedUp: t.LinedUp, Waits: t.Waits, Gone: t.Gone})
	return context.WithValue(ctx, traceKey{}, t)
}

func traceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}
