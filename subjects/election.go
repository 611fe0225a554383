package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Election elects one leader among candidates. It may be a [Fencer], a [Holder], an
// [Owner], a [LeaderTeller].
type Election interface {
	// Campaign waits until this candidate leads or ctx ends.
	Campaign(ctx context.Context) error
	Resign(ctx context.Context) error
}

// LeaderTeller is an election that can tell which candidate leads, as far as it knows: the
// id that the leading candidate was made with, or "" if no candidate leads.
type LeaderTeller interface {
	Leader(ctx context.Context) (string, error)
}

// OfferLeader is what an election in another process offers if it has the operation leader.
const OfferLeader = models.FLeader

// candidacy is the argument of a candidate.
type candidacy struct {
	Candidate string `json:"candidate"` // its id, which leader returns
}

// NewElection is zklab's own leader election, recipes.Election.
func NewElection(c *Client, path, id string) (Election, error) {
	return ofRecipe(c, func(cl *recipes.Client) Election { return recipes.NewElection(cl, path, id) })
}

// ServeElection serves candidates to another process.
func ServeElection(make func(c *Client, path, id string) (Election, error)) Maker {
	return func(c *Client, path string, value json.RawMessage) (*Served, error) {
		v, err := valued[candidacy](value)
		if err != nil {
			return nil, err
		}
		e, err := make(c, path, v.Candidate)
		if err != nil {
			return nil, err
		}
		s := serveHold(e, e.Campaign, e.Resign)
		if t, ok := Offered[LeaderTeller](e); ok {
			s.Offers = append(s.Offers, OfferLeader)
			s.Operations[models.FLeader] = func(ctx context.Context, _ json.RawMessage) (any, error) {
				id, err := t.Leader(ctx)
				return id, err
			}
		}
		return s, nil
	}
}

// RemoteElection is the election of the adapter process that the client runs as.
func RemoteElection(c *Client, path, id string) (Election, error) {
	o, err := c.remote(models.Election.Name, path, candidacy{id}, append(HoldOffers(), OfferLeader)...)
	if err != nil {
		return nil, err
	}
	return remoteElection{&remoteHold{Object: o}}, nil
}

type remoteElection struct{ *remoteHold }

func (e remoteElection) Campaign(ctx context.Context) error { return e.acquire(ctx) }
func (e remoteElection) Resign(ctx context.Context) error   { return e.release(ctx) }

// Offered returns what the other process offers.
func (e remoteElection) Offered(target any) bool {
	if t, ok := target.(*LeaderTeller); ok {
		*t = remoteTeller{e.Object}
		return e.Offers(OfferLeader)
	}
	return e.remoteHold.Offered(target)
}

type remoteTeller struct{ o Object }

func (t remoteTeller) Leader(ctx context.Context) (id string, err error) {
	err = t.o.Call(ctx, models.FLeader, nil, &id)
	return id, err
}
