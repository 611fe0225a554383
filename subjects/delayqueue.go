package subjects

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// DelayQueue is a queue that gives no item before it is due. All clients use the same wall
// clock. Of the items that are due it gives the one that was due first. It may be an
// [Itemizer], and [Strict]: then the better of two items is the one that is due earlier.
type DelayQueue interface {
	// Put adds an item; due is a whole millisecond.
	Put(ctx context.Context, due time.Time, item []byte) error
	// Take removes the first due item, and waits for one until ctx ends.
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

// ServeDelayQueue serves delay queues to another process.
func ServeDelayQueue(make func(c *Client, path string) (DelayQueue, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		q, err := make(c, path)
		if err != nil {
			return nil, err
		}
		s := &Served{Subject: q, About: aboutItems(q), Operations: map[string]Operation{
			models.FEnqueue: taking(func(ctx context.Context, v DelayedItem) (any, error) {
				return nil, q.Put(ctx, time.UnixMilli(v.Due), v.Item)
			}),
			models.FDequeue: dequeues(q.Take),
		}}
		if _, ok := Offered[Strict](q); ok {
			s.Offers = append(s.Offers, OfferStrict)
		}
		return s, nil
	}
}

// RemoteDelayQueue is the delay queue of the adapter process that the client runs as.
func RemoteDelayQueue(c *Client, path string) (DelayQueue, error) {
	o, err := c.remote(models.DelayQueue.Name, path, nil, OfferStrict)
	if err != nil {
		return nil, err
	}
	q := remoteDelayQueue{remoteItems{Object: o}}
	if err := o.About(&q.itemNames); err != nil {
		return nil, err
	}
	if o.Offers(OfferStrict) {
		return remoteStrictDelayQueue{q}, nil
	}
	return q, nil
}

type remoteDelayQueue struct{ remoteItems }

func (q remoteDelayQueue) Put(ctx context.Context, due time.Time, item []byte) error {
	return q.Call(ctx, models.FEnqueue, DelayedItem{item, due.UnixMilli()}, nil)
}

type remoteStrictDelayQueue struct{ remoteDelayQueue }

// IsStrict implements [Strict].
func (remoteStrictDelayQueue) IsStrict() {}
