package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// Trace has functions that a call runs while it waits in line: [Lock.Lock], [RWLock.Lock],
// [Semaphore.Acquire], [Election.Campaign] and the calls that use them. Each function may be nil.
// The goroutine of the call runs them, and waits for them.
//
// [Group.Join] and [Service.Register] run them for the znode of the member, also after the call, in
// another goroutine: LinedUp each time that the znode was created, Gone each time that it has gone
// without a Leave.
type Trace struct {
	// LinedUp gets the path of the contender's znode when the znode exists, once in each session.
	LinedUp func(path string)
	// Waits runs each time that the call begins to wait for others. It gets the path of the first
	// contender in line, and the paths of those that the call watches.
	Waits func(first string, watched []string)
	// Gone gets the path of a watched contender that has gone.
	Gone func(path string)
}

// WithTrace returns a context with which calls run the functions of t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return contend.WithTrace(ctx, contend.Trace(t))
}
