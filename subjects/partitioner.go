package subjects

import (
	"context"

	"github.com/zklab/zklab/recipes"
)

// Partitioner is a member that shares the items of a set with the other members. It may be a
// [Fencer], whose token is valid for each item of the share, a [Holder], an [Owner].
type Partitioner interface {
	// Acquire makes this client a member, unless it is one, and waits until its share is held: at
	// least one item. It is called by a client that holds nothing. After an error nothing is held,
	// the client is no member, and Acquire is called again.
	Acquire(ctx context.Context) (items []string, err error)
	// Changed waits until another share is due to this client, or its share is lost. It is called
	// once in each hold, even if the hold was lost. Release follows, also after an error.
	Changed(ctx context.Context) error
	// Release gives the share back. The client stays a member. It is called once after each Acquire
	// that succeeded, and again while its error is zk.ErrNoAuth. After another error the next call
	// is Acquire, or Leave.
	Release(ctx context.Context) error
	// Leave ends the membership of a client that holds nothing. It is called after Release. Even
	// after an error the client is no longer a member, and the next call is Acquire, unless the
	// error reports that the call had no effect ([NoEffect]): then Leave or Acquire is called.
	Leave(ctx context.Context) error
}

// NewPartitioner returns zklab's own partitioner, recipes.SetPartitioner.
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
