package subjects

import (
	"context"
	"time"

	"github.com/zklab/zklab/recipes"
)

// DelayQueue is a queue that gives no item before it is due. All clients use the same wall
// clock. Of the items that are due it gives the one that was due first. It may be an
// [Itemizer], and [Strict]: then, of two items, the one that is due earlier is better.
type DelayQueue interface {
	// Put adds an item; due is a whole millisecond. Each item is put once: even after an error it is
	// not put again.
	Put(ctx context.Context, due time.Time, item []byte) error
	// Take removes the first due item, and waits for one until ctx ends. After an error it may be
	// called again.
	Take(ctx context.Context) ([]byte, error)
}

// NewDelayQueue returns zklab's own strict delay queue, recipes.DelayQueue.
func NewDelayQueue(c *Client, path string) (DelayQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) DelayQueue {
		return strictDelayQueue{ownDelayQueue{recipes.NewDelayQueue(cl, path), dueItems}}
	})
}

// NewRelaxedDelayQueue returns zklab's own delay queue that is not strict.
func NewRelaxedDelayQueue(c *Client, path string) (DelayQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) DelayQueue {
		return ownDelayQueue{recipes.NewRelaxedDelayQueue(cl, path), dueItems}
	})
}

// dueItems is the part that is in the names of all items of zklab's own delay queues.
const dueItems itemNames = "-due-"

type ownDelayQueue struct {
	*recipes.DelayQueue
	itemNames
}

type strictDelayQueue struct{ ownDelayQueue }

// IsStrict implements [Strict].
func (strictDelayQueue) IsStrict() {}
