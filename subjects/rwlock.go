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
	// Lock waits until the lock is held for writing or ctx ends. Lock and RLock are called while
	// the client does not hold. After an error one of them is called again, with no Unlock between.
	Lock(ctx context.Context) error
	// RLock is Lock for reading.
	RLock(ctx context.Context) error
	// Unlock gives the hold up. It is called once after each Lock or RLock that succeeded, and again
	// while its error is zk.ErrNoAuth. After another error the next call is one to acquire, or Revoke.
	Unlock(ctx context.Context) error
}

// Downgrader turns a hold for writing into one for reading, without letting a writer in
// between.
type Downgrader interface {
	// Downgrade is called at most once in a hold for writing, also if that was lost. After an error
	// it is not called again; Listen may follow, and Unlock does.
	Downgrade(ctx context.Context) error
}

// Revocable can ask the holders to release, and learns when it is asked itself.
type Revocable interface {
	// Revoke is called by clients that do not hold, and at the end of a run also by one that holds
	// for reading like all others. After an error it may be called again.
	Revoke(ctx context.Context) error
	// Listen waits until a client has asked for the present hold. If ctx ends before, it
	// returns false and no error. It is called while the client holds, also if the hold was lost.
	// Listen or Unlock follows, also after an error.
	Listen(ctx context.Context) (revoked bool, err error)
}

// What a read-write lock may offer to another process, in addition to what holds may offer.
const (
	OfferDowngrade = "downgrade" // Downgrader
	OfferRevoke    = "revoke"    // Revocable: the operations revoke and listen
)

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

// The operations of an [RWLock].
var (
	RWLockAcquire = NewOp(models.FAcquire, func(l RWLock, ctx context.Context, w models.Wish) (g Granted, err error) {
		acquire := l.Lock
		if w.Mode == models.ToRead {
			acquire = l.RLock
		}
		if err = acquire(ctx); err == nil {
			g = grantOf(l)
		}
		return g, err
	})
	RWLockRelease   = releases(RWLock.Unlock)
	RWLockDowngrade = further[RWLock](OfferDowngrade, does(models.FDowngrade, Downgrader.Downgrade))
	RWLockRevoke    = further[RWLock](OfferRevoke, does(models.FRevoke, Revocable.Revoke))
	// RWLockListen returns after a moment in another process; [Listen] waits.
	RWLockListen = further[RWLock](OfferRevoke, asks(models.FListen, func(r Revocable, ctx context.Context) (models.Heard, error) {
		revoked, err := r.Listen(ctx)
		return models.Heard{Revoked: revoked}, err
	}))
)

// RWLocks is the contract of an [RWLock].
var RWLocks = rwLocks()

func rwLocks() *Contract[RWLock, None] {
	k := holds[RWLock, None](models.RWLock, "", RWLockAcquire, RWLockRelease, RWLockDowngrade, RWLockRevoke, RWLockListen).
		mayOffer(offers[Downgrader](OfferDowngrade), offers[Revocable](OfferRevoke))
	serveHold := k.serves
	k.serves = func(l RWLock, to *Served) {
		serveHold(l, to)
		if listen := to.Operations[models.FListen]; listen != nil {
			to.Operations[models.FListen] = func(ctx context.Context, value json.RawMessage) (any, error) {
				ctx, cancel := context.WithTimeout(ctx, listenPause)
				defer cancel()
				return listen(ctx, value)
			}
		}
	}
	return k
}

// listenPause is how long another process waits for a revocation before zklab asks again:
// it takes no other request for the object meanwhile.
const listenPause = 50 * time.Millisecond

// Listen is Listen of a [Revocable] lock, wherever it is.
func Listen(ctx context.Context, l At[RWLock]) (revoked bool, err error) {
	for {
		v, err := RWLockListen.On(ctx, l, None{})
		switch {
		case l.There == nil:
			return v.Revoked, err
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
			return false, nil
		case err != nil || v.Revoked || ctx.Err() != nil:
			return v.Revoked, err
		}
	}
}

// ServeRWLock serves read-write locks to another process.
func ServeRWLock(make func(c *Client, path string) (RWLock, error)) Maker {
	return ServeOn(RWLocks, make)
}
