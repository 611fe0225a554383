package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

// Fence returns the fencing token of the hold under which a function runs, by the context that
// Do gave it: [Lock.Do], [MultiLock.Do], [RWLock.Do], [RWLock.RDo], [Election.Do] and
// [Election.DoEach]. It is what the method Fence of the recipe returned when the hold began,
// and stays so when that is lost, while the method may by then tell of a later hold that another
// goroutine has taken by the same value.
//
// Of a Do within another one it is that of the inner one. A lease of a [Semaphore] and a [Job]
// have no token; there, as with a context of no Do, it is that of what is around, or 0.
func Fence(ctx context.Context) int64 { return contend.HoldingOf(ctx).Token }
