package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// PriorityQueue is a queue that gives the item with the lowest priority number; of several
// such items it gives the one that was put first. It may be an [Itemizer], and [Strict].
type PriorityQueue interface {
	// Put adds an item. Each item is put once: it is not put again, even after an error.
	Put(ctx context.Context, priority int32, item []byte) error
	// Take removes the best item, and waits for one until ctx ends. After an error it may be called
	// again.
	Take(ctx context.Context) ([]byte, error)
}

// Strict is a priority queue or a delay queue with this promise: at some moment during each
// Take, no item in the queue was better than the one that Take returns, whichever server
// the client is connected to.
type Strict interface{ IsStrict() }

// NewPriorityQueue returns zklab's own strict priority queue, recipes.PriorityQueue.
func NewPriorityQueue(c *Client, path string) (PriorityQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) PriorityQueue {
		return strictQueue{ownPriorityQueue{recipes.NewPriorityQueue(cl, path), ownItems}}
	})
}

// NewRelaxedPriorityQueue returns zklab's own priority queue that is not strict.
func NewRelaxedPriorityQueue(c *Client, path string) (PriorityQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) PriorityQueue {
		return ownPriorityQueue{recipes.NewRelaxedPriorityQueue(cl, path), ownItems}
	})
}

type ownPriorityQueue struct {
	*recipes.PriorityQueue
	itemNames
}

type strictQueue struct{ ownPriorityQueue }

// IsStrict implements [Strict].
func (strictQueue) IsStrict() {}
