package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// MultiLock is a lock on several keys at once. It may be a [Fencer], whose token is valid
// for each of the keys, a [Holder], an [Owner]. A client has several with the same path and
// different keys, and holds one of them at a time.
type MultiLock interface {
	// Lock waits until all keys are held. If ctx ends before, none is held. It is called while
	// the client holds none. After an error it is called again, with no Unlock between.
	Lock(ctx context.Context) error
	// Unlock gives all keys up. It is called once after each Lock that succeeded, and again
	// while its error is zk.ErrNoAuth. After another error the next call is Lock.
	Unlock(ctx context.Context) error
}

// NewMultiLock returns zklab's own multi-lock, recipes.MultiLock, on znodes below path.
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
