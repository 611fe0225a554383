package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Semaphore is a contender for one of the leases of a semaphore. It may be a [Holder], an
// [Owner], and a [Fencer]. Its token only tells the order in which leases are granted:
// later contenders have higher tokens.
type Semaphore interface {
	// Acquire waits until a lease is held or ctx ends.
	Acquire(ctx context.Context) error
	Release(ctx context.Context) error
}

// leases is the argument of a semaphore.
type leases struct {
	Leases int `json:"leases"` // how many there are
}

// NewSemaphore is zklab's own semaphore, recipes.Semaphore.
func NewSemaphore(c *Client, path string, n int) (Semaphore, error) {
	return ofRecipe(c, func(cl *recipes.Client) Semaphore { return ownSemaphore{recipes.NewSemaphore(cl, path, n)} })
}

type ownSemaphore struct{ *recipes.Semaphore }

func (s ownSemaphore) Fence() int64 { return s.Ticket() }

// ServeSemaphore serves semaphores to another process.
func ServeSemaphore(make func(c *Client, path string, leases int) (Semaphore, error)) Maker {
	return func(c *Client, path string, value json.RawMessage) (*Served, error) {
		v, err := valued[leases](value)
		if err != nil {
			return nil, err
		}
		s, err := make(c, path, v.Leases)
		if err != nil {
			return nil, err
		}
		return serveHold(s, s.Acquire, s.Release), nil
	}
}

// RemoteSemaphore is the semaphore of the adapter process that the client runs as.
func RemoteSemaphore(c *Client, path string, n int) (Semaphore, error) {
	o, err := c.remote(models.Semaphore.Name, path, leases{n}, HoldOffers()...)
	if err != nil {
		return nil, err
	}
	return remoteSemaphore{&remoteHold{Object: o}}, nil
}

type remoteSemaphore struct{ *remoteHold }

func (s remoteSemaphore) Acquire(ctx context.Context) error { return s.acquire(ctx) }
func (s remoteSemaphore) Release(ctx context.Context) error { return s.release(ctx) }
