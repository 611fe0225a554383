package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// RWLock is a read-write lock on one path, held by many readers or by one writer. It may be
// a [Fencer]: a writer's token is higher than that of every earlier hold, and a reader's is
// higher than that of every earlier writer. It may also be a [Holder], an [Owner], a
// [Downgrader], a [Revocable].
type RWLock interface {
	// Lock waits until the lock is held for writing, RLock until it is held for reading, or
	// ctx ends.
	Lock(ctx context.Context) error
	RLock(ctx context.Context) error
	Unlock(ctx context.Context) error
}

// Downgrader turns a hold for writing into one for reading, without letting a writer in
// between.
type Downgrader interface {
	Downgrade(ctx context.Context) error
}

// Revocable can ask the holders to release, and learns when it is asked itself.
type Revocable interface {
	Revoke(ctx context.Context) error
	// Listen waits until a client has asked for the present hold. If ctx ends before, it
	// returns false and no error.
	Listen(ctx context.Context) (revoked bool, err error)
}

// What a read-write lock may offer to another process, in addition to HoldOffers.
const (
	OfferDowngrade = "downgrade" // Downgrader
	OfferRevoke    = "revoke"    // Revocable: the operations revoke and listen
)

// RWLockOffers returns everything that a read-write lock may offer.
func RWLockOffers() []string { return append(HoldOffers(), OfferDowngrade, OfferRevoke) }

// NewRWLock is zklab's own read-write lock, recipes.RWLock.
func NewRWLock(c *Client, path string) (RWLock, error) {
	return ofRecipe(c, func(cl *recipes.Client) RWLock { return ownRWLock{recipes.NewRWLock(cl, path)} })
}

type ownRWLock struct{ *recipes.RWLock }

func (l ownRWLock) Listen(ctx context.Context) (bool, error) {
	revoked := l.Revoked()
	select {
	case <-revoked:
	case <-ctx.Done():
	}
	return await.Closed(revoked), nil
}

// ServeRWLock serves read-write locks to another process.
func ServeRWLock(make func(c *Client, path string) (RWLock, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		l, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return serveRWLock(l), nil
	}
}

func serveRWLock(l RWLock) *Served {
	mode := ""
	s := serveHold(l, func(ctx context.Context) error {
		if mode == models.ToRead {
			return l.RLock(ctx)
		}
		return l.Lock(ctx)
	}, l.Unlock)
	acquire := s.Operations[models.FAcquire]
	s.Operations[models.FAcquire] = taking(func(ctx context.Context, w models.Wish) (any, error) {
		mode = w.Mode // calls do not overlap
		return acquire(ctx, nil)
	})
	if d, ok := Offered[Downgrader](l); ok {
		s.Offers = append(s.Offers, OfferDowngrade)
		s.Operations[models.FDowngrade] = plain(d.Downgrade)
	}
	if r, ok := Offered[Revocable](l); ok {
		s.Offers = append(s.Offers, OfferRevoke)
		s.Operations[models.FRevoke] = plain(r.Revoke)
		s.Operations[models.FListen] = func(ctx context.Context, _ json.RawMessage) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, listenPause)
			defer cancel()
			revoked, err := r.Listen(ctx)
			return models.Heard{Revoked: revoked}, err
		}
	}
	return s
}

// listenPause is how long another process waits for a revocation before zklab asks again:
// it takes no other request for the object meanwhile.
const listenPause = 50 * time.Millisecond

// RemoteRWLock is the read-write lock of the adapter process that the client runs as.
func RemoteRWLock(c *Client, path string) (RWLock, error) {
	o, err := c.remote(models.RWLock.Name, path, nil, RWLockOffers()...)
	if err != nil {
		return nil, err
	}
	return remoteRWLock{&remoteHold{Object: o}}, nil
}

type remoteRWLock struct{ *remoteHold }

func (l remoteRWLock) Lock(ctx context.Context) error { return l.acquire(ctx) }

func (l remoteRWLock) RLock(ctx context.Context) error {
	return l.acquireAs(ctx, models.Wish{Mode: models.ToRead})
}

func (l remoteRWLock) Unlock(ctx context.Context) error { return l.release(ctx) }

// Offered returns what the other process offers.
func (l remoteRWLock) Offered(target any) bool {
	switch t := target.(type) {
	case *Downgrader:
		*t = remoteRW{l}
		return l.Offers(OfferDowngrade)
	case *Revocable:
		*t = remoteRW{l}
		return l.Offers(OfferRevoke)
	}
	return l.remoteHold.Offered(target)
}

// remoteRW is what a read-write lock in another process may offer.
type remoteRW struct{ of remoteRWLock }

func (l remoteRW) Downgrade(ctx context.Context) error {
	return l.of.Call(ctx, models.FDowngrade, nil, nil)
}

func (l remoteRW) Revoke(ctx context.Context) error {
	return l.of.Call(ctx, models.FRevoke, nil, nil)
}

func (l remoteRW) Listen(ctx context.Context) (bool, error) {
	for {
		var v models.Heard
		err := l.of.Call(ctx, models.FListen, nil, &v)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
			return false, nil
		case err != nil || v.Revoked || ctx.Err() != nil:
			return v.Revoked, err
		}
	}
}
