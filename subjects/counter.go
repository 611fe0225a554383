package subjects

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Counter is an integer that many clients change. It starts at 0.
type Counter interface {
	// Add returns the sum.
	Add(ctx context.Context, delta int64) (int64, error)
	// CompareAndSet sets the value to to if it is from. Otherwise it does nothing and
	// returns an error that wraps ErrMismatch.
	CompareAndSet(ctx context.Context, from, to int64) error
	// Read returns the value. kind is models.ReadPlain or ReadFenced and says how old the
	// value may be.
	Read(ctx context.Context, kind string) (int64, error)
}

// NewCounter is zklab's own counter, recipes.Counter.
func NewCounter(c *Client, path string) (Counter, error) {
	return ofRecipe(c, func(cl *recipes.Client) Counter { return ownCounter{recipes.NewCounter(cl, path)} })
}

type ownCounter struct{ *recipes.Counter }

func (c ownCounter) CompareAndSet(ctx context.Context, from, to int64) error {
	swapped, err := c.Counter.CompareAndSet(ctx, from, to)
	if err == nil && !swapped {
		err = WithoutEffect(fmt.Errorf("%w than %d", ErrMismatch, from))
	}
	return err
}

func (c ownCounter) Read(ctx context.Context, kind string) (int64, error) {
	if kind == models.ReadPlain {
		return c.Cached(ctx)
	}
	return c.Value(ctx)
}

// ServeCounter serves counters to another process.
func ServeCounter(make func(c *Client, path string) (Counter, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		counter, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return &Served{Subject: counter, Operations: map[string]Operation{
			models.FAdd: taking(func(ctx context.Context, v models.Addition) (any, error) {
				sum, err := counter.Add(ctx, v.Delta)
				return models.Count{Value: sum}, err
			}),
			models.FCAS: taking(func(ctx context.Context, v models.CountSwap) (any, error) {
				return nil, counter.CompareAndSet(ctx, v.From, v.To)
			}),
			models.FRead: taking(func(ctx context.Context, v models.HowRead) (any, error) {
				n, err := counter.Read(ctx, v.Kind)
				return models.Count{Value: n}, err
			}),
		}}, nil
	}
}

// RemoteCounter is the counter of the adapter process that the client runs as.
func RemoteCounter(c *Client, path string) (Counter, error) {
	o, err := c.remote(models.Counter.Name, path, nil)
	if err != nil {
		return nil, err
	}
	return remoteCounter{o}, nil
}

type remoteCounter struct{ Object }

func (c remoteCounter) Add(ctx context.Context, delta int64) (int64, error) {
	var sum models.Count
	err := c.Call(ctx, models.FAdd, models.Addition{Delta: delta}, &sum)
	return sum.Value, err
}

func (c remoteCounter) CompareAndSet(ctx context.Context, from, to int64) error {
	return c.Call(ctx, models.FCAS, models.CountSwap{From: from, To: to}, nil)
}

func (c remoteCounter) Read(ctx context.Context, kind string) (int64, error) {
	var v models.Count
	err := c.Call(ctx, models.FRead, models.HowRead{Kind: kind}, &v)
	return v.Value, err
}
