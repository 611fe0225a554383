package subjects

import (
	"context"
	"time"

	"github.com/zklab/zklab/recipes"
)

// Transaction is one transaction of several sites.
type Transaction interface {
	// Prepare begins the transaction, and is called by one client. After an error it is called
	// again with the same sites.
	Prepare(ctx context.Context, sites []string) error
	// Vote reports whether a site can commit. Each client votes for one site. The same vote may be
	// given again: after an error, and also after a success.
	Vote(ctx context.Context, site string, yes bool) error
	// Decide waits until the transaction is decided, and returns whether it was committed.
	// After patience has passed, missing votes count as no. Several clients may call it. After an
	// error it is called again.
	Decide(ctx context.Context, patience time.Duration) (committed bool, err error)
	// Outcome waits until the transaction is decided, and returns whether it was committed.
	// Once all sites have voted, no call of Decide is needed. After an error it is called again.
	// Long after the transaction, clients call it on new values that have called nothing before.
	Outcome(ctx context.Context) (committed bool, err error)
}

// NewTransaction returns zklab's own two-phase commit, recipes.TwoPhaseCommit.
func NewTransaction(c *Client, path string) (Transaction, error) {
	return ofRecipe(c, func(cl *recipes.Client) Transaction {
		return ownTransaction{recipes.NewTwoPhaseCommit(cl, path)}
	})
}

type ownTransaction struct{ *recipes.TwoPhaseCommit }

func (t ownTransaction) Prepare(ctx context.Context, sites []string) error {
	return t.Begin(ctx, sites)
}
