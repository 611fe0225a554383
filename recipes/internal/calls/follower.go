package calls

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
)

// Follower gives the states of something, one after the other, as one reader asks for them:
// at first what there is, then each time another one than it gave last. States that are
// replaced before anybody looks are left out; the last one never is.
type Follower[T any] struct {
	Recipe *Recipe // whose calls ask for the states
	// Look reads the state, and sees to it that there are watches on whatever changes it. It
	// fails with zk.ErrNoNode if something went or came meanwhile: look again.
	Look func(ctx context.Context, z *client.Session) (now T, changed []<-chan zk.Event, err error)
	// Equal reports whether two states are the same for whoever reads them.
	Equal func(a, b T) bool
	// Behind: in a new session the server may go back to a state before the last one.
	Behind bool

	z    *client.Session // in which views are no older than last
	last *T              // nil at first
}

// ByOne is how to look at a state on which there is one watch.
func ByOne[T any](look func(context.Context, *client.Session) (T, <-chan zk.Event, error)) func(context.Context, *client.Session) (T, []<-chan zk.Event, error) {
	return func(ctx context.Context, z *client.Session) (T, []<-chan zk.Event, error) {
		now, changed, err := look(ctx, z)
		return now, []<-chan zk.Event{changed}, err
	}
}

// Next waits in z for the next state. Unless that may be behind, the QuorumSync at its start
// makes views of z of no time before those of the sessions before; within a session they never
// go back (Programmer's Guide, Consistency Guarantees: single system image). So whatever
// differs is later.
func (f *Follower[T]) Next(ctx context.Context, z *client.Session) (now T, err error) {
	if f.z != z && !f.Behind {
		if _, err := f.Recipe.Client.QuorumSync(ctx, z, f.Recipe.Path); err != nil {
			return now, err
		}
	}
	f.z = z
	for {
		event := f.Recipe.Client.NextEvent()
		now, changed, err := f.Look(ctx, z)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err != nil:
			return now, err
		case f.last == nil || !f.Equal(*f.last, now):
			f.last = &now
			return now, nil
		}
		if err := f.Recipe.Client.Wait(ctx, z, event, changed...); err != nil {
			return now, err
		}
	}
}

// Follow is next in whichever session there is, as a call of the recipe's.
func (f *Follower[T]) Follow(ctx context.Context, op string) (now T, err error) {
	err = f.Recipe.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (Outcome, error) {
		now, err = f.Next(ctx, z)
		return AppliedUnless(err)
	})
	if err != nil {
		var none T
		return none, err
	}
	return now, nil
}
