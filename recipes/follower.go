package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
)

// follower gives the states of something, one after the other, as one reader asks for them:
// at first what there is, then each time another one than it gave last. States that are
// replaced before anybody looks are left out; the last one never is.
type follower[T any] struct {
	r *recipe
	// look reads the state, and sees to it that there are watches on whatever changes it. It
	// fails with zk.ErrNoNode if something went or came meanwhile: look again.
	look  func(ctx context.Context, z *client.Session) (now T, changed []<-chan zk.Event, err error)
	equal func(a, b T) bool
	// behind: in a new session the server may go back to a state before the last one.
	behind bool

	z    *client.Session // in which views are no older than last
	last *T              // nil at first
}

// byOne is how to look at a state on which there is one watch.
func byOne[T any](look func(context.Context, *client.Session) (T, <-chan zk.Event, error)) func(context.Context, *client.Session) (T, []<-chan zk.Event, error) {
	return func(ctx context.Context, z *client.Session) (T, []<-chan zk.Event, error) {
		now, changed, err := look(ctx, z)
		return now, []<-chan zk.Event{changed}, err
	}
}

// next waits in z for the next state. Unless that may be behind, the quorumSync at its start
// makes views of z of no time before those of the sessions before; within a session they never
// go back (Programmer's Guide, Consistency Guarantees: single system image). So whatever
// differs is later.
func (f *follower[T]) next(ctx context.Context, z *client.Session) (now T, err error) {
	if f.z != z && !f.behind {
		if _, err := f.r.s.QuorumSync(ctx, z, f.r.path); err != nil {
			return now, err
		}
	}
	f.z = z
	for {
		event := f.r.s.NextEvent()
		now, changed, err := f.look(ctx, z)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err != nil:
			return now, err
		case f.last == nil || !f.equal(*f.last, now):
			f.last = &now
			return now, nil
		}
		if err := f.r.s.Wait(ctx, z, event, changed...); err != nil {
			return now, err
		}
	}
}

// follow is next in whichever session there is, as a call of the recipe's.
func (f *follower[T]) follow(ctx context.Context, op string) (now T, err error) {
	err = f.r.attempts(ctx, op, func(ctx context.Context, z *client.Session) (outcome, error) {
		now, err = f.next(ctx, z)
		return appliedUnless(err)
	})
	if err != nil {
		var none T
		return none, err
	}
	return now, nil
}
