package subjects

import (
	"context"
	"fmt"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Counter is an integer that many clients change. It starts at 0.
type Counter interface {
	// Add returns the sum. A later call with the same delta adds again, also after an error.
	Add(ctx context.Context, delta int64) (int64, error)
	// CompareAndSet sets the value to to if it is from. Otherwise it does nothing and
	// returns an error that wraps ErrMismatch. After an error any call may follow.
	CompareAndSet(ctx context.Context, from, to int64) error
	// Read returns the value. kind is models.ReadPlain or ReadFenced and says how old the
	// value may be. After an error any call may follow.
	Read(ctx context.Context, kind string) (int64, error)
}

// NewCounter returns zklab's own counter, recipes.Counter.
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
