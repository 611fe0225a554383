package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Barrier holds clients back while it is raised.
type Barrier interface {
	Raise(ctx context.Context) error
	Lift(ctx context.Context) error
	// Await returns nil once the barrier is not raised.
	Await(ctx context.Context) error
}

// NewBarrier is zklab's own barrier, recipes.Barrier.
func NewBarrier(c *Client, path string) (Barrier, error) {
	return ofRecipe(c, func(cl *recipes.Client) Barrier { return recipes.NewBarrier(cl, path) })
}

// ServeBarrier serves barriers to another process.
func ServeBarrier(make func(c *Client, path string) (Barrier, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		b, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return &Served{Subject: b, Operations: map[string]Operation{
			models.FRaise: plain(b.Raise), models.FLift: plain(b.Lift), models.FAwait: plain(b.Await),
		}}, nil
	}
}

// RemoteBarrier is the barrier of the adapter process that the client runs as.
func RemoteBarrier(c *Client, path string) (Barrier, error) {
	o, err := c.remote(models.Barrier.Name, path, nil)
	if err != nil {
		return nil, err
	}
	return remoteBarrier{o}, nil
}

type remoteBarrier struct{ Object }

func (b remoteBarrier) Raise(ctx context.Context) error { return b.Call(ctx, models.FRaise, nil, nil) }
func (b remoteBarrier) Lift(ctx context.Context) error  { return b.Call(ctx, models.FLift, nil, nil) }
func (b remoteBarrier) Await(ctx context.Context) error { return b.Call(ctx, models.FAwait, nil, nil) }
