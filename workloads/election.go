package workloads

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Election is the workload of a leader election: every client campaigns in several
// elections, leads for 5–30 ms, resigns, and campaigns again. In between, clients ask which
// candidate leads.
type Election struct {
	// New makes the candidate of one client in the election at path. While it leads, Leader
	// of the others should return its id.
	New func(c *subjects.Client, path, id string) (subjects.Election, error)
}

// Name returns the name of the model.
func (Election) Name() string { return models.Election.Name }

// Maker serves the subjects to another process.
func (w Election) Maker() subjects.Maker { return contracts.Elections.Serve(w.New) }

// Start makes the candidates.
func (w Election) Start(ctx context.Context, env *Env) (Run, error) {
	return newHoldRun(ctx, env, 5*time.Millisecond, 30*time.Millisecond, func(c *subjects.Client, path string) (*holder, error) {
		h, err := holderOf(onWith(contracts.Elections, strconv.Itoa(c.ID), w.New), contracts.ElectionCampaign, contracts.ElectionResign)(c, path)
		if err != nil {
			return nil, err
		}
		if e := h.at.(contracts.At[subjects.Election]); e.Offers(contracts.OfferLeader) {
			h.instead = func(ctx context.Context, c *Client, key string, at, timeout time.Duration) {
				_ = c.Do(ctx, Op{
					F: models.FLeader, Key: key, Intended: at, Timeout: timeout,
					Run: func(ctx context.Context) (any, error) { return leaderOf(ctx, e) },
				})
			}
		}
		return h, nil
	})
}

// leaderOf asks for the leader and turns its id back into a client's number.
func leaderOf(ctx context.Context, e contracts.At[subjects.Election]) (models.Leader, error) {
	id, err := contracts.ElectionLeader.On(ctx, e, contracts.None{})
	if err != nil {
		return models.Leader{}, err
	}
	if id == "" {
		return models.Leader{Client: -1}, nil
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return models.Leader{}, fmt.Errorf("the subject says that %q leads, which is not a candidate's ID", id)
	}
	return models.Leader{Client: n}, nil
}
