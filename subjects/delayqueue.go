package subjects

import (
	"context"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// DelayQueue is a queue that gives no item before it is due. All clients use the same wall
// clock. Of the items that are due it gives the one that was due first. It may be an
// [Itemizer], and [Strict]: then the better of two items is the one that is due earlier.
type DelayQueue interface {
	// Put adds an item; due is a whole millisecond. Each item is put once: also after an error it is
	// not put again.
	Put(ctx context.Context, due time.Time, item []byte) error
	// Take removes the first due item, and waits for one until ctx ends. After an error it may be
	// called again.
	Take(ctx context.Context) ([]byte, error)
}

// NewDelayQueue is zklab's own strict delay queue, recipes.DelayQueue.
func NewDelayQueue(c *Client, path string) (DelayQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) DelayQueue {
		return strictDelayQueue{ownDelayQueue{recipes.NewDelayQueue(cl, path), dueItems}}
	})
}

// NewRelaxedDelayQueue is zklab's own delay queue that is not strict.
func NewRelaxedDelayQueue(c *Client, path string) (DelayQueue, error) {
	return ofRecipe(c, func(cl *recipes.Client) DelayQueue {
		return ownDelayQueue{recipes.NewRelaxedDelayQueue(cl, path), dueItems}
	})
}

// dueItems are the items of zklab's own delay queues.
var dueItems = itemNames{"-due-"}

type ownDelayQueue struct {
	*recipes.DelayQueue
	itemNames
}

type strictDelayQueue struct{ ownDelayQueue }

// IsStrict implements [Strict].
func (strictDelayQueue) IsStrict() {}

// DelayedItem is an item with its due time, in milliseconds since 1970, as another process
// receives it.
type DelayedItem struct {
	Item []byte `json:"item"`
	Due  int64  `json:"due"`
}

// The operations of a [DelayQueue].
var (
	DelayQueuePut = gives(models.FEnqueue, func(q DelayQueue, ctx context.Context, v DelayedItem) error {
		return q.Put(ctx, time.UnixMilli(v.Due), v.Item)
	})
	DelayQueueTake = asks(models.FDequeue, DelayQueue.Take)
)

// DelayQueues is the contract of a [DelayQueue].
var DelayQueues = queues(models.DelayQueue, offers[Strict](OfferStrict), DelayQueuePut, DelayQueueTake)

// ServeDelayQueue serves delay queues to another process.
func ServeDelayQueue(make func(c *Client, path string) (DelayQueue, error)) Maker {
	return ServeOn(DelayQueues, make)
}
