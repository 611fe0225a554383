package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// DoubleBarrier lets its members in together and out together. It is made for a fixed
// number of parties, each of them a client. A client whose Enter failed is not in and does
// not call Leave; it may call Enter again, and what the failed call left behind must not
// count. A barrier is used for one round.
type DoubleBarrier interface {
	Enter(ctx context.Context) error // waits until all parties are in
	Leave(ctx context.Context) error // waits until all have left
}

// parties is the argument of a double barrier.
type parties struct {
	Parties int `json:"parties"`
}

// NewDoubleBarrier is zklab's own double barrier, recipes.DoubleBarrier.
func NewDoubleBarrier(c *Client, path string, parties int) (DoubleBarrier, error) {
	return ofRecipe(c, func(cl *recipes.Client) DoubleBarrier { return recipes.NewDoubleBarrier(cl, path, parties) })
}

// ServeDoubleBarrier serves double barriers to another process.
func ServeDoubleBarrier(make func(c *Client, path string, parties int) (DoubleBarrier, error)) Maker {
	return func(c *Client, path string, value json.RawMessage) (*Served, error) {
		p, err := valued[parties](value)
		if err != nil {
			return nil, err
		}
		b, err := make(c, path, p.Parties)
		if err != nil {
			return nil, err
		}
		return &Served{Subject: b, Operations: map[string]Operation{
			models.FEnter: plain(b.Enter), models.FLeave: plain(b.Leave),
		}}, nil
	}
}

// RemoteDoubleBarrier is the double barrier of the adapter process that the client runs as.
func RemoteDoubleBarrier(c *Client, path string, n int) (DoubleBarrier, error) {
	o, err := c.remote(models.DoubleBarrier.Name, path, parties{n})
	if err != nil {
		return nil, err
	}
	return remoteDoubleBarrier{o}, nil
}

type remoteDoubleBarrier struct{ Object }

func (b remoteDoubleBarrier) Enter(ctx context.Context) error {
	return b.Call(ctx, models.FEnter, nil, nil)
}

func (b remoteDoubleBarrier) Leave(ctx context.Context) error {
	return b.Call(ctx, models.FLeave, nil, nil)
}
