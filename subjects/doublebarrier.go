package subjects

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// DoubleBarrier lets its members in together and out together. It is made for a fixed
// number of parties, each of them a client. A client whose Enter failed is not in and does
// not call Leave; it may call Enter again, and what the failed call left behind must not
// count. A barrier is used for one round.
type DoubleBarrier interface {
	Enter(ctx context.Context) error // waits until all parties are in
	Leave(ctx context.Context) error // waits until all have left; called once after Enter, also if it fails
}

// NewDoubleBarrier is zklab's own double barrier, recipes.DoubleBarrier.
func NewDoubleBarrier(c *Client, path string, parties int) (DoubleBarrier, error) {
	return ofRecipe(c, func(cl *recipes.Client) DoubleBarrier { return recipes.NewDoubleBarrier(cl, path, parties) })
}

// The operations of a [DoubleBarrier].
var (
	DoubleBarrierEnter = does(models.FEnter, DoubleBarrier.Enter)
	DoubleBarrierLeave = does(models.FLeave, DoubleBarrier.Leave)
)

// DoubleBarriers is the contract of a [DoubleBarrier], which is made for a number of parties.
var DoubleBarriers = &Contract[DoubleBarrier, int]{model: models.DoubleBarrier, with: "parties", operations: []operation[DoubleBarrier]{DoubleBarrierEnter, DoubleBarrierLeave}}

// ServeDoubleBarrier serves double barriers to another process.
func ServeDoubleBarrier(make func(c *Client, path string, parties int) (DoubleBarrier, error)) Maker {
	return DoubleBarriers.Serve(make)
}
