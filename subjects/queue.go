package subjects

import (
	"context"
	"errors"
	"time"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// Queue is a FIFO queue. It may be an [Itemizer], and [Bounded].
type Queue interface {
	// Put adds an item. Each item is put once: it is not put again, even after an error.
	Put(ctx context.Context, item []byte) error
	// Take removes the oldest item, and waits for one until ctx ends. After an error it may be
	// called again.
	Take(ctx context.Context) ([]byte, error)
}

// NewQueue returns zklab's own queue, recipes.Queue.
func NewQueue(c *Client, path string) (Queue, error) {
	return ofRecipe(c, func(cl *recipes.Client) Queue { return ownQueue{recipes.NewQueue(cl, path), ownItems} })
}

// Bounded is a queue that promises never to have more items than its capacity, which is the
// same for all clients. While it is full, Put waits until ctx ends.
type Bounded interface{ Capacity() int }

// NewLongQueue returns zklab's own queue of any length, recipes.LongQueue, with folders so short
// that every run uses many of them.
func NewLongQueue(c *Client, path string) (Queue, error) {
	const most = 4
	return ofRecipe(c, func(cl *recipes.Client) Queue {
		return ownLongQueue{recipes.NewLongQueueOf(cl, path, most), ownItems}
	})
}

type ownLongQueue struct {
	*recipes.LongQueue
	itemNames
}

// NewBoundedQueue returns zklab's own bounded queue, recipes.BoundedQueue, with a capacity so small
// that every run fills it.
func NewBoundedQueue(c *Client, path string) (Queue, error) {
	return ofRecipe(c, func(cl *recipes.Client) Queue {
		return ownBoundedQueue{recipes.NewBoundedQueue(cl, path, LittleRoom), itemNames("-bounded-")}
	})
}

// NewTryingBoundedQueue returns zklab's own bounded queue, whose producers retry until there is
// room.
func NewTryingBoundedQueue(c *Client, path string) (Queue, error) {
	q, err := NewBoundedQueue(c, path)
	if err != nil {
		return nil, err
	}
	return tryingBoundedQueue{q.(ownBoundedQueue)}, nil
}

type tryingBoundedQueue struct{ ownBoundedQueue }

// tryAgain is how long a producer waits before it retries.
const tryAgain = 10 * time.Millisecond

func (q tryingBoundedQueue) Put(ctx context.Context, item []byte) error {
	for {
		err := q.TryPut(ctx, item)
		if !errors.Is(err, recipes.ErrFull) || await.Sleep(ctx, tryAgain) != nil {
			return err
		}
	}
}

// LittleRoom is the capacity of the bounded queues that come with zklab.
const LittleRoom = 4

type ownBoundedQueue struct {
	*recipes.BoundedQueue
	itemNames
}

// Capacity implements [Bounded].
func (ownBoundedQueue) Capacity() int { return LittleRoom }

// ownQueue tells the harness which children of the queue's znode are items.
type ownQueue struct {
	*recipes.Queue
	itemNames
}
