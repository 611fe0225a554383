package subjects

import (
	"context"

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
	// RLock is like Lock, for reading.
	RLock(ctx context.Context) error
	// Unlock gives the hold up. It is called once after each Lock or RLock that succeeded, and again
	// while its error is zk.ErrNoAuth. After another error, the next call is Lock, RLock or Revoke.
	Unlock(ctx context.Context) error
}

// Downgrader turns a hold for writing into one for reading, without letting a writer in
// between.
type Downgrader interface {
	// Downgrade is called at most once in a hold for writing, even if the hold was lost. After an
	// error it is not called again; Listen may follow, and Unlock does.
	Downgrade(ctx context.Context) error
}

// Revocable can ask the holders to release, and learns when it is asked itself.
type Revocable interface {
	// Revoke is called by clients that do not hold, and at the end of a run also by one that holds
	// for reading like all others. After an error it may be called again.
	Revoke(ctx context.Context) error
	// Listen waits until a client has asked for the present hold. If ctx ends before, it returns
	// false and no error. It is called while the client holds, even if the hold was lost. Listen
	// or Unlock follows, also after an error.
	Listen(ctx context.Context) (revoked bool, err error)
}

// NewRWLock returns zklab's own read-write lock, recipes.RWLock.
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
