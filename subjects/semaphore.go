package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// Semaphore is a contender for one of the leases of a semaphore. It may be a [Holder], an
// [Owner], and a [Fencer]. Its token only tells the order in which leases are granted:
// later contenders have higher tokens.
type Semaphore interface {
	// Acquire waits until a lease is held or ctx ends. It is called while the client holds none.
	// After an error it is called again, with no Release between.
	Acquire(ctx context.Context) error
	// Release gives the lease up. It is called once after each Acquire that succeeded, and again
	// while its error is zk.ErrNoAuth. After another error the next call is Acquire.
	Release(ctx context.Context) error
}

// NewSemaphore returns zklab's own semaphore, recipes.Semaphore.
func NewSemaphore(c *Client, path string, n int) (Semaphore, error) {
	return ofRecipe(c, func(cl *recipes.Client) Semaphore { return ownSemaphore{recipes.NewSemaphore(cl, path, n)} })
}

type ownSemaphore struct{ *recipes.Semaphore }

func (s ownSemaphore) Fence() int64 { return s.Ticket() }
