package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// Queue is a FIFO queue. It may be an [Itemizer], and [Bounded].
type Queue interface {
	Put(ctx context.Context, item []byte) error
	// Take removes the oldest item, and waits for one until ctx ends.
	Take(ctx context.Context) ([]byte, error)
}

// NewQueue is zklab's own queue, recipes.Queue.
func NewQueue(c *Client, path string) (Queue, error) {
	return ofRecipe(c, func(cl *recipes.Client) Queue { return ownQueue{recipes.NewQueue(cl, path), ownItems} })
}

// Bounded is a queue that promises never to have more items than its capacity, which is the
// same for all clients. While it is full, Put waits until ctx ends.
type Bounded interface{ Capacity() int }

// OfferBounded is what an adapter offers for a [Bounded] queue.
const OfferBounded = "bounded"

// NewLongQueue is zklab's own queue of any length, recipes.LongQueue, with folders so short
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

// NewBoundedQueue is zklab's own bounded queue, recipes.BoundedQueue, with a capacity so
// small that every run fills it.
func NewBoundedQueue(c *Client, path string) (Queue, error) {
	return ofRecipe(c, func(cl *recipes.Client) Queue {
		return ownBoundedQueue{recipes.NewBoundedQueue(cl, path, LittleRoom), itemNames{"-bounded-"}}
	})
}

// NewTryingBoundedQueue is zklab's own bounded queue, whose producers retry until there is
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

// ServeQueue serves queues to another process.
func ServeQueue(make func(c *Client, path string) (Queue, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		q, err := make(c, path)
		if err != nil {
			return nil, err
		}
		s := &Served{Subject: q, About: aboutItems(q), Operations: map[string]Operation{
			models.FEnqueue: taking(func(ctx context.Context, item []byte) (any, error) { return nil, q.Put(ctx, item) }),
			models.FDequeue: dequeues(q.Take),
		}}
		if b, ok := Offered[Bounded](q); ok {
			s.Offers = append(s.Offers, OfferBounded)
			s.About = boundedItems{itemsOf(q), b.Capacity()}
		}
		return s, nil
	}
}

// dequeues serves a take.
func dequeues(take func(context.Context) ([]byte, error)) Operation {
	return func(ctx context.Context, _ json.RawMessage) (any, error) {
		item, err := take(ctx)
		return item, err
	}
}

// RemoteQueue is the queue of the adapter process that the client runs as.
func RemoteQueue(c *Client, path string) (Queue, error) {
	o, err := c.remote(models.Queue.Name, path, nil, OfferBounded)
	if err != nil {
		return nil, err
	}
	var about boundedItems
	if err := o.About(&about); err != nil {
		return nil, err
	}
	q := remoteQueue{remoteItems{o, about.itemNames}}
	switch {
	case !o.Offers(OfferBounded):
		return q, nil
	case about.Room < 1:
		return nil, fmt.Errorf("the program offers %q, and says no capacity of 1 or more when it makes a queue", OfferBounded)
	}
	return remoteBoundedQueue{q, about.Room}, nil
}

// boundedItems is the answer to make of a queue that may be [Bounded].
type boundedItems struct {
	itemNames
	Room int `json:"capacity,omitempty"`
}

type remoteBoundedQueue struct {
	remoteQueue
	room int
}

// Capacity implements [Bounded].
func (q remoteBoundedQueue) Capacity() int { return q.room }

// remoteItems is the taking part of a queue of any kind.
type remoteItems struct {
	Object
	itemNames
}

func (q remoteItems) Take(ctx context.Context) (item []byte, err error) {
	err = q.Call(ctx, models.FDequeue, nil, &item)
	return item, err
}

type remoteQueue struct{ remoteItems }

func (q remoteQueue) Put(ctx context.Context, item []byte) error {
	return q.Call(ctx, models.FEnqueue, item, nil)
}
