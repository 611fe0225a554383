package contracts

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// The operations of a [subjects.Transaction].
var (
	TransactionPrepare = gives(models.FPrepare, func(t subjects.Transaction, ctx context.Context, v models.Sites) error {
		return t.Prepare(ctx, v.Sites)
	})
	TransactionVote = gives(models.FVote, func(t subjects.Transaction, ctx context.Context, v models.Ballot) error {
		return t.Vote(ctx, v.Site, v.Yes)
	})
	TransactionDecide = NewOp(models.FDecide, func(t subjects.Transaction, ctx context.Context, v models.Deciding) (models.Decision, error) {
		committed, err := t.Decide(ctx, v.Length())
		return models.Decision{Commit: committed}, err
	})
	TransactionOutcome = asks(models.FOutcome, func(t subjects.Transaction, ctx context.Context) (models.Decision, error) {
		committed, err := t.Outcome(ctx)
		return models.Decision{Commit: committed}, err
	})
)

// Transactions is the contract of a [subjects.Transaction].
var Transactions = &Contract[subjects.Transaction, None]{
	model:      models.TwoPhaseCommit,
	operations: []operation[subjects.Transaction]{TransactionPrepare, TransactionVote, TransactionDecide, TransactionOutcome},
}
