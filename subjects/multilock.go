package subjects

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// MultiLock is a lock on several keys at once. It may be a [Fencer], whose token is valid
// for each of the keys, a [Holder], an [Owner].
type MultiLock interface {
	// Lock waits until all keys are held. If ctx ends before, none is held.
	Lock(ctx context.Context) error
	// Unlock gives all keys up: the package comment says when it is called again.
	Unlock(ctx context.Context) error
}

// NewMultiLock is zklab's own multi-lock, recipes.MultiLock, on znodes below path.
func NewMultiLock(c *Client, path string, names []string) (MultiLock, error) {
	return ofRecipe(c, func(cl *recipes.Client) MultiLock { return recipes.NewMultiLock(cl, below(path, names)...) })
}

func below(path string, names []string) []string {
	paths := make([]string, 0, len(names))
	for _, name := range names {
		paths = append(paths, path+"/"+name)
	}
	return paths
}

// The operations of a [MultiLock].
var (
	MultiLockAcquire = acquires(MultiLock.Lock)
	MultiLockRelease = releases(MultiLock.Unlock)
)

// MultiLocks is the contract of a [MultiLock], which is made for the names of some znodes below its path.
var MultiLocks = holds[MultiLock, []string](models.MultiLock, "keys", MultiLockAcquire, MultiLockRelease)

// ServeMultiLock serves multi-locks to another process.
func ServeMultiLock(make func(c *Client, path string, names []string) (MultiLock, error)) Maker {
	return MultiLocks.Serve(make)
}
