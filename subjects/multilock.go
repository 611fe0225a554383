package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// MultiLock is a lock on several keys at once. It may be a [Fencer], whose token is valid
// for each of the keys, a [Holder], an [Owner].
type MultiLock interface {
	// Lock waits until all keys are held. If ctx ends before, none is held.
	Lock(ctx context.Context) error
	Unlock(ctx context.Context) error
}

// keys is the argument of a multi-lock.
type keys struct {
	Keys []string `json:"keys"` // names of znodes below its path
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

// ServeMultiLock serves multi-locks to another process.
func ServeMultiLock(make func(c *Client, path string, names []string) (MultiLock, error)) Maker {
	return func(c *Client, path string, value json.RawMessage) (*Served, error) {
		v, err := valued[keys](value)
		if err != nil {
			return nil, err
		}
		l, err := make(c, path, v.Keys)
		if err != nil {
			return nil, err
		}
		return serveHold(l, l.Lock, l.Unlock), nil
	}
}

// RemoteMultiLock is the multi-lock of the adapter process that the client runs as.
func RemoteMultiLock(c *Client, path string, names []string) (MultiLock, error) {
	o, err := c.remote(models.MultiLock.Name, path, keys{names}, HoldOffers()...)
	if err != nil {
		return nil, err
	}
	return remoteLock{&remoteHold{Object: o}}, nil
}
