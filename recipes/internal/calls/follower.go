package calls

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
)

// Follower returns the states of something, one after the other, to one reader: first the present
// state, then each later one that differs from the last. It leaves out states that are replaced
// before it looks, but never the last one.
type Follower[T any] struct {
	Recipe *Recipe // runs the calls
	// Look reads the state, and makes sure that there are watches on everything that changes it. It
	// returns zk.ErrNoNode if a znode came or went in the meantime: look again.
	Look func(ctx context.Context, z *client.Session) (now T, changed []<-chan zk.Event, err error)
	// Equal reports whether two states are the same to a reader.
	Equal func(a, b T) bool
	// Behind means that in a new session, the server may go back to a state before the last one.
	Behind bool

	z    *client.Session // the session in which views are no older than last
	last *T              // nil at first
}

// ByOne makes a Look from a function that sets one watch.
func ByOne[T any](look func(context.Context, *client.Session) (T, <-chan zk.Event, error)) func(context.Context, *client.Session) (T, []<-chan zk.Event, error) {
	return func(ctx context.Context, z *client.Session) (T, []<-chan zk.Event, error) {
		now, changed, err := look(ctx, z)
		return now, []<-chan zk.Event{changed}, err
	}
}

// Next waits in z for the next state. Unless Behind is set, it begins with a QuorumSync, so that
// views of z are not older than views of earlier sessions. Within a session, views never go back
// (Programmer's Guide, Consistency Guarantees: single system image). So a state that differs is
// later.
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

// Follow calls Next in whichever session there is, as a call of the recipe.
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
