package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// Barrier holds clients back while it is raised.
type Barrier interface {
	// Raise is called once for each barrier, by one client.
	Raise(ctx context.Context) error
	// Lift is called by the same client, also if Raise failed. After an error it is called again,
	// whether or not the failed call had an effect: lifting what is down is no error.
	Lift(ctx context.Context) error
	// Await returns nil once the barrier is not raised. It is called by the other clients. After an
	// error it is called again.
	Await(ctx context.Context) error
}

// NewBarrier returns zklab's own barrier, recipes.Barrier.
func NewBarrier(c *Client, path string) (Barrier, error) {
	return ofRecipe(c, func(cl *recipes.Client) Barrier { return recipes.NewBarrier(cl, path) })
}
