package contracts

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// Offers that an adapter may declare for a read-write lock, in addition to those of a hold.
const (
	OfferDowngrade = "downgrade" // Downgrader
	OfferRevoke    = "revoke"    // Revocable: the operations revoke and listen
)

// The operations of an [subjects.RWLock].
var (
	RWLockAcquire = NewOp(models.FAcquire, func(l subjects.RWLock, ctx context.Context, w models.Wish) (g Granted, err error) {
		acquire := l.Lock
		if w.Mode == models.ToRead {
			acquire = l.RLock
		}
		if err = acquire(ctx); err == nil {
			g = grantOf(l)
		}
		return g, err
	})
	RWLockRelease   = releases(subjects.RWLock.Unlock)
	RWLockDowngrade = further[subjects.RWLock](OfferDowngrade, does(models.FDowngrade, subjects.Downgrader.Downgrade))
	RWLockRevoke    = further[subjects.RWLock](OfferRevoke, does(models.FRevoke, subjects.Revocable.Revoke))
	// RWLockListen waits only for listenPause if the lock is in another process; [Listen] waits as long
	// as it has to.
	RWLockListen = further[subjects.RWLock](OfferRevoke, asks(models.FListen, func(r subjects.Revocable, ctx context.Context) (models.Heard, error) {
		revoked, err := r.Listen(ctx)
		return models.Heard{Revoked: revoked}, err
	}))
)

// RWLocks is the contract of an [subjects.RWLock].
var RWLocks = rwLocks()

func rwLocks() *Contract[subjects.RWLock, None] {
	k := holds[subjects.RWLock, None](models.RWLock, "", RWLockAcquire, RWLockRelease, RWLockDowngrade, RWLockRevoke, RWLockListen).
		mayOffer(offers[subjects.Downgrader](OfferDowngrade), offers[subjects.Revocable](OfferRevoke))
	serveHold := k.serves
	k.serves = func(l subjects.RWLock, to *subjects.Served) {
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

// listenPause is how long another process waits for a revocation before zklab asks again. During the
// wait, it accepts no other request for the object.
const listenPause = 50 * time.Millisecond

// Listen calls Listen of a [subjects.Revocable] lock, in this process or in another one.
func Listen(ctx context.Context, l At[subjects.RWLock]) (revoked bool, err error) {
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
