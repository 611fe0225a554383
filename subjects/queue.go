package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/recipes"
)

// Queue is a FIFO queue. It may be an [Itemizer].
type Queue interface {
	Put(ctx context.Context, item []byte) error
	// Take removes the oldest item and waits for one until ctx ends.
	Take(ctx context.Context) ([]byte, error)
}

// NewQueue is zklab's own queue, recipes.Queue.
func NewQueue(c *Client, path string) (Queue, error) {
	return ofRecipe(c, func(s *recipes.Session) Queue { return ownQueue{recipes.NewQueue(s, path), ownItems} })
}

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
		return &Served{Subject: q, About: aboutItems(q), Operations: map[string]Operation{
			history.FEnqueue: taking(func(ctx context.Context, item []byte) (any, error) { return nil, q.Put(ctx, item) }),
			history.FDequeue: dequeues(q.Take),
		}}, nil
	}
}

// dequeues serves a take.
func dequeues(take func(context.Context) ([]byte, error)) Operation {
	return func(ctx context.Context, _ json.RawMessage) (any, error) {
		item, err := take(ctx)
		return item, err
	}
}

// RemoteQueue is the queue of the program that the client runs as.
func RemoteQueue(c *Client, path string) (Queue, error) {
	o, err := c.remote(history.ModelQueue, path, nil)
	if err != nil {
		return nil, err
	}
	q := remoteQueue{remoteItems{Object: o}}
	return q, o.About(&q.itemNames)
}

// remoteItems is a queue of any kind, as far as it gives out items.
type remoteItems struct {
	Object
	itemNames
}

func (q remoteItems) Take(ctx context.Context) (item []byte, err error) {
	err = q.Call(ctx, history.FDequeue, nil, &item)
	return item, err
}

type remoteQueue struct{ remoteItems }

func (q remoteQueue) Put(ctx context.Context, item []byte) error {
	return q.Call(ctx, history.FEnqueue, item, nil)
}
