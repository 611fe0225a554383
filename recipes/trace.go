package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// Trace are functions that are told how a call waits in line: of [Lock.Lock], [RWLock.Lock],
// [Semaphore.Acquire], [Election.Campaign] and what is built on them. Each may be nil. They are
// called by the goroutine of the call, which waits for them.
//
// With [Group.Join] and [Service.Register] they are told of the member's znode, also after the call,
// by another goroutine: LinedUp each time that it was made, Gone each time that it has gone although
// the member has not left.
type Trace struct {
	// LinedUp is called with the path of the contender's znode when it is there; once more in
	// each new session.
	LinedUp func(path string)
	// Waits is called each time that the call begins to wait for others, with the first contender of the
	// line and with those that it watches, by their paths.
	Waits func(first string, watched []string)
	// Gone is called when a contender that was watched has gone, with its path.
	Gone func(path string)
}

// WithTrace gives the context of a call that is to be traced.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return contend.WithTrace(ctx, contend.Trace(t))
}
