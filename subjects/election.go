package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// Election elects one leader among candidates. It may be a [Fencer], a [Holder], an
// [Owner], a [LeaderTeller].
type Election interface {
	// Campaign waits until this candidate leads or ctx ends. It is called while the candidate
	// does not lead. After an error it is called again, with no Resign between.
	Campaign(ctx context.Context) error
	// Resign gives the lead up. It is called once after each Campaign that succeeded, and again
	// while its error is zk.ErrNoAuth. After another error the next call is Campaign, or Leader.
	Resign(ctx context.Context) error
}

// LeaderTeller is an election that can tell which candidate leads, as far as it knows: the
// id that the leading candidate was made with, or "" if no candidate leads.
type LeaderTeller interface {
	// Leader is called by a candidate that does not lead, between Resign and Campaign. After an
	// error any call may follow.
	Leader(ctx context.Context) (string, error)
}

// NewElection returns zklab's own leader election, recipes.Election.
func NewElection(c *Client, path, id string) (Election, error) {
	return ofRecipe(c, func(cl *recipes.Client) Election { return recipes.NewElection(cl, path, id) })
}
