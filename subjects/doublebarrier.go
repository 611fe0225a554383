package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// DoubleBarrier lets its members in together and out together. It is made for a fixed
// number of parties, each of them a client. A barrier is used for one round. Clients whose
// session ended inside come again after the round, too few to be let in.
type DoubleBarrier interface {
	// Enter waits until all parties are in. After an error the client is not in, what the call left
	// behind must not count, and Enter is called again, with no Leave between.
	Enter(ctx context.Context) error
	// Leave waits until all have left. It is called once after each Enter that succeeded; even after
	// an error it is not called again.
	Leave(ctx context.Context) error
}

// NewDoubleBarrier returns zklab's own double barrier, recipes.DoubleBarrier.
func NewDoubleBarrier(c *Client, path string, parties int) (DoubleBarrier, error) {
	return ofRecipe(c, func(cl *recipes.Client) DoubleBarrier { return recipes.NewDoubleBarrier(cl, path, parties) })
}
