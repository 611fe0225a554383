package subjects

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Transaction is one transaction of several sites.
type Transaction interface {
	// Prepare begins it. It may be called again with the same sites.
	Prepare(ctx context.Context, sites []string) error
	// Vote says whether a site can commit. The same vote may be given again.
	Vote(ctx context.Context, site string, yes bool) error
	// Decide waits until the transaction is decided, and returns whether it was committed.
	// After patience has passed, missing votes count as no.
	Decide(ctx context.Context, patience time.Duration) (committed bool, err error)
	// Outcome waits until the transaction is decided, and returns whether it was committed.
	// Once all sites have voted, no call of Decide is needed.
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

// ServeTransaction serves transactions to another process.
func ServeTransaction(make func(c *Client, path string) (Transaction, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		t, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return &Served{Subject: t, Operations: map[string]Operation{
			models.FPrepare: taking(func(ctx context.Context, v models.Sites) (any, error) { return nil, t.Prepare(ctx, v.Sites) }),
			models.FVote:    taking(func(ctx context.Context, v models.Ballot) (any, error) { return nil, t.Vote(ctx, v.Site, v.Yes) }),
			models.FDecide: taking(func(ctx context.Context, v models.Deciding) (any, error) {
				committed, err := t.Decide(ctx, v.Length())
				return models.Decision{Commit: committed}, err
			}),
			models.FOutcome: taking(func(ctx context.Context, _ struct{}) (any, error) {
				committed, err := t.Outcome(ctx)
				return models.Decision{Commit: committed}, err
			}),
		}}, nil
	}
}

// RemoteTransaction is the transaction of the adapter process that the client runs as.
func RemoteTransaction(c *Client, path string) (Transaction, error) {
	o, err := c.remote(models.TwoPhaseCommit.Name, path, nil)
	if err != nil {
		return nil, err
	}
	return remoteTransaction{o}, nil
}

type remoteTransaction struct{ Object }

func (t remoteTransaction) Prepare(ctx context.Context, sites []string) error {
	return t.Call(ctx, models.FPrepare, models.Sites{Sites: sites}, nil)
}

func (t remoteTransaction) Vote(ctx context.Context, site string, yes bool) error {
	return t.Call(ctx, models.FVote, models.Ballot{Site: site, Yes: yes}, nil)
}

func (t remoteTransaction) Decide(ctx context.Context, patience time.Duration) (bool, error) {
	var d models.Decision
	err := t.Call(ctx, models.FDecide, models.Deciding{Patience: int(patience.Milliseconds())}, &d)
	return d.Commit, err
}

func (t remoteTransaction) Outcome(ctx context.Context) (bool, error) {
	var d models.Decision
	err := t.Call(ctx, models.FOutcome, nil, &d)
	return d.Commit, err
}
