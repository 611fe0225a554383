package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// Fence returns the fencing token of the hold under which a function runs. ctx is the context that
// Do gave to the function: [Lock.Do], [MultiLock.Do], [RWLock.Do], [RWLock.RDo], [Election.Do],
// [Election.DoEach] or [SetPartitioner.DoEach]. It is the token that the method Fence of the recipe
// returned when the hold began. It stays the same when the hold is lost. The method may by then
// return the token of a later hold that another goroutine has.
//
// In a Do within another Do, it is the token of the inner one. A lease of a [Semaphore] and a [Job]
// have no token: there Fence returns the token of the Do around it. It returns 0 if there is no
// token.
func Fence(ctx context.Context) int64 { return contend.HoldingOf(ctx).Token }
