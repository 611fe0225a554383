package subjects

import (
	"context"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Transaction is one transaction of several sites.
type Transaction interface {
	// Prepare begins it, and is called by one client. After an error it is called again with the
	// same sites.
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

// NewTransaction is zklab's own two-phase commit, recipes.TwoPhaseCommit.
func NewTransaction(c *Client, path string) (Transaction, error) {
	return ofRecipe(c, func(cl *recipes.Client) Transaction {
		return ownTransaction{recipes.NewTwoPhaseCommit(cl, path)}
	})
}

type ownTransaction struct{ *recipes.TwoPhaseCommit }

func (t ownTransaction) Prepare(ctx context.Context, sites []string) error {
	return t.Begin(ctx, sites)
}

// The operations of a [Transaction].
var (
	TransactionPrepare = gives(models.FPrepare, func(t Transaction, ctx context.Context, v models.Sites) error { return t.Prepare(ctx, v.Sites) })
	TransactionVote    = gives(models.FVote, func(t Transaction, ctx context.Context, v models.Ballot) error { return t.Vote(ctx, v.Site, v.Yes) })
	TransactionDecide  = NewOp(models.FDecide, func(t Transaction, ctx context.Context, v models.Deciding) (models.Decision, error) {
		committed, err := t.Decide(ctx, v.Length())
		return models.Decision{Commit: committed}, err
	})
	TransactionOutcome = asks(models.FOutcome, func(t Transaction, ctx context.Context) (models.Decision, error) {
		committed, err := t.Outcome(ctx)
		return models.Decision{Commit: committed}, err
	})
)

// Transactions is the contract of a [Transaction].
var Transactions = &Contract[Transaction, None]{
	model:      models.TwoPhaseCommit,
	operations: []operation[Transaction]{TransactionPrepare, TransactionVote, TransactionDecide, TransactionOutcome},
}

// ServeTransaction serves transactions to another process.
func ServeTransaction(make func(c *Client, path string) (Transaction, error)) Maker {
	return ServeOn(Transactions, make)
}
