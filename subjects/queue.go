package subjects

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/recipes"
)

// Queue is a FIFO queue. It may be an [Itemizer].
type Queue interface {
	Put(ctx context.Context, item []byte) error
	// Take removes the oldest item and waits for one until ctx ends.
	Take(ctx context.Context) ([]byte, error)
}

// Itemizer is a queue in whose znode stand other children than items. Without
// it every child is an item.
type Itemizer interface{ IsItem(child string) bool }

// ItemNamer is an Itemizer whose items are the children whose names contain what
// ItemNames gives, so that another process can be told.
type ItemNamer interface {
	Itemizer
	ItemNames() string
}

// itemNames is the answer to make. Without a text every child is an item.
type itemNames struct {
	Items string `json:"items,omitempty"`
}

// NewQueue is zklab's own queue, recipes.Queue.
func NewQueue(c *Client, path string) (Queue, error) {
	return ofRecipe(c, func(s *recipes.Session) Queue { return ownQueue{recipes.NewQueue(s, path)} })
}

// ownQueue tells the harness which children of the queue's znode are items.
type ownQueue struct{ *recipes.Queue }

func (q ownQueue) IsItem(child string) bool { return strings.Contains(child, q.ItemNames()) }
func (ownQueue) ItemNames() string          { return "-item-" }

// ServeQueue serves queues to another process.
func ServeQueue(make func(c *Client, path string) (Queue, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		q, err := make(c, path)
		if err != nil {
			return nil, err
		}
		s := &Served{Subject: q, Operations: map[string]Operation{
			history.FEnqueue: taking(func(ctx context.Context, item []byte) (any, error) { return nil, q.Put(ctx, item) }),
			history.FDequeue: func(ctx context.Context, _ json.RawMessage) (any, error) {
				item, err := q.Take(ctx)
				return item, err
			},
		}}
		if n, ok := Offered[ItemNamer](q); ok {
			s.About = itemNames{n.ItemNames()}
		}
		return s, nil
	}
}

// RemoteQueue is the queue of the program that the client runs as.
func RemoteQueue(c *Client, path string) (Queue, error) {
	o, err := c.remote(history.ModelQueue, path, nil)
	if err != nil {
		return nil, err
	}
	q := remoteQueue{Object: o}
	return q, o.About(&q.names)
}

type remoteQueue struct {
	Object
	names itemNames
}

func (q remoteQueue) Put(ctx context.Context, item []byte) error {
	return q.Call(ctx, history.FEnqueue, item, nil)
}

func (q remoteQueue) Take(ctx context.Context) (item []byte, err error) {
	err = q.Call(ctx, history.FDequeue, nil, &item)
	return item, err
}

// IsItem is true of every child if the other process has not said which are items.
func (q remoteQueue) IsItem(child string) bool { return strings.Contains(child, q.names.Items) }
func (q remoteQueue) ItemNames() string        { return q.names.Items }
