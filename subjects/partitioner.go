package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Partitioner is a member that shares the items of a set with the other members. It may be a
// [Fencer], whose token is valid for each item of the share, a [Holder], an [Owner].
type Partitioner interface {
	// Acquire makes this client a member, unless it is one, and waits until its share is held: at
	// least one item. After an error nothing is held, and the client is no member.
	Acquire(ctx context.Context) (items []string, err error)
	// Changed waits until another share is due to this client, or its share is lost.
	Changed(ctx context.Context) error
	// Release gives the share back. The client stays a member.
	Release(ctx context.Context) error
	// Leave ends the membership of a client that holds nothing. Even after an error it is no
	// longer a member, unless the error says that the call had no effect.
	Leave(ctx context.Context) error
}

// NewPartitioner is zklab's own partitioner, recipes.SetPartitioner.
func NewPartitioner(c *Client, path string, items []string) (Partitioner, error) {
	return ofRecipe(c, func(cl *recipes.Client) Partitioner {
		return ownPartitioner{recipes.NewSetPartitioner(cl, path, items)}
	})
}

type ownPartitioner struct{ *recipes.SetPartitioner }

func (p ownPartitioner) Changed(ctx context.Context) error {
	select {
	case <-p.SetPartitioner.Changed():
	case <-p.Lost():
	case <-ctx.Done():
		return WithoutEffect(context.Cause(ctx))
	}
	return nil
}

// grantedShare is the answer to a partitioner's acquire.
type grantedShare struct {
	Granted
	Keys []string `json:"keys"`
}

// ServePartitioner serves partitioners to another process.
func ServePartitioner(make func(c *Client, path string, items []string) (Partitioner, error)) Maker {
	return func(c *Client, path string, value json.RawMessage) (*Served, error) {
		v, err := valued[keys](value)
		if err != nil {
			return nil, err
		}
		p, err := make(c, path, v.Keys)
		if err != nil {
			return nil, err
		}
		var share []string // of the call that is under way: a client makes one at a time
		s := serveHold(p, func(ctx context.Context) (err error) {
			share, err = p.Acquire(ctx)
			return err
		}, p.Release)
		acquire := s.Operations[models.FAcquire]
		s.Operations[models.FAcquire] = func(ctx context.Context, value json.RawMessage) (any, error) {
			g, err := acquire(ctx, value)
			if err != nil {
				return nil, err
			}
			return grantedShare{g.(Granted), share}, nil
		}
		s.Operations[models.FChanged] = plain(p.Changed)
		s.Operations[models.FLeave] = plain(p.Leave)
		return s, nil
	}
}

// RemotePartitioner is the partitioner of the adapter process that the client runs as.
func RemotePartitioner(c *Client, path string, items []string) (Partitioner, error) {
	o, err := c.remote(models.Partitioner.Name, path, keys{items}, HoldOffers()...)
	if err != nil {
		return nil, err
	}
	return remotePartitioner{&remoteHold{Object: o}}, nil
}

type remotePartitioner struct{ *remoteHold }

func (p remotePartitioner) Acquire(ctx context.Context) ([]string, error) {
	var g grantedShare
	err := p.acquireFor(ctx, nil, &g, &g.Granted)
	return g.Keys, err
}

func (p remotePartitioner) Release(ctx context.Context) error { return p.release(ctx) }

func (p remotePartitioner) Changed(ctx context.Context) error {
	return p.Call(ctx, models.FChanged, nil, nil)
}

func (p remotePartitioner) Leave(ctx context.Context) error {
	return p.Call(ctx, models.FLeave, nil, nil)
}
