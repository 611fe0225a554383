package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Barrier blocks clients while it is raised. It is raised while the znode at its path exists. The
// znode is persistent: the barrier stays raised if the client that raised it dies. A Barrier is safe
// for concurrent use.
//
// Cost: Raise makes a read and a write; Lift makes two writes and a read; Await makes a write, and a
// read with a watch while the barrier is raised. A lift wakes all waiters, for one read each.
type Barrier struct {
	r *calls.Recipe
}

// NewBarrier returns the barrier at path.
func NewBarrier(c *Client, path string) *Barrier {
	return &Barrier{calls.New(c.client, path)}
}

// Raise raises the barrier, and creates missing parents of its path. It also succeeds if the barrier
// is raised already.
//
// An error with NoEffect means that the call had no effect. [ErrUnknown], with the reason, means
// that the barrier may have been raised: the call was cancelled or the session lost while the
// request was under way; or the reply was lost, the barrier is not there, and something has changed
// beside it, so another client may have lifted it again. You may call Raise again.
func (b *Barrier) Raise(ctx context.Context) error {
	return b.r.Attempts(ctx, "raise", b.raise)
}

func (b *Barrier) raise(ctx context.Context, z *client.Session) (calls.Outcome, error) {
	parent := znodes.Parent(b.r.Path)
	before, err := b.r.Client.Get(ctx, z, parent)
	if errors.Is(err, zk.ErrNoNode) {
		if err = b.r.Client.EnsurePath(ctx, z, parent); err == nil {
			err = calls.ErrAgain
		}
	}
	if err != nil {
		return calls.NotApplied, err
	}
	o, err := calls.Once(ctx, b.r.Client, z, func() (string, error) {
		return b.r.Client.Conn.Create(b.r.Path, nil, 0)
	})
	switch {
	case errors.Is(err, zk.ErrNodeExists):
		return calls.Applied, nil
	case errors.Is(err, zk.ErrNoNode):
		return calls.NotApplied, calls.ErrAgain // the parent is missing: the next attempt creates it
	case o == calls.Unknown && failures.Unanswered(err):
		return b.r.Settle(b.raised(ctx, z, before.Stat.Pzxid))
	case o == calls.Unknown && errors.Is(err, ErrSessionLost):
		return b.r.Settle(b.later(ctx, func(now int64) bool { return now != 0 }))
	}
	return o, err
}

// raised returns the outcome of a create in z whose reply was lost. before is the zxid of the last
// change to the children of the barrier's parent.
func (b *Barrier) raised(ctx context.Context, z *client.Session, before int64) (calls.Outcome, error) {
	exists, err := b.r.Client.QuorumSync(ctx, z, b.r.Path)
	if err != nil {
		return calls.Unknown, err
	}
	if exists {
		return calls.Applied, nil
	}
	after, err := b.r.Client.Get(ctx, z, znodes.Parent(b.r.Path))
	switch {
	case err != nil:
		return calls.Unknown, err
	case after.Stat.Pzxid != before:
		return calls.Unknown, zk.ErrConnectionClosed
	}
	return calls.NotApplied, calls.ErrAgain
}

// later looks in the next session whether the present state is enough. If it is not, the old
// request may still be on its way to the leader.
func (b *Barrier) later(ctx context.Context, enough func(now int64) bool) (calls.Outcome, error) {
	z, err := b.r.Client.Begin(ctx)
	if err != nil {
		return calls.Unknown, err
	}
	now, err := b.raisedAt(ctx, z)
	switch {
	case err != nil:
		return calls.Unknown, err
	case enough(now):
		return calls.Applied, nil
	}
	return calls.Unknown, ErrSessionLost
}

// Lift lifts the barrier. It also succeeds if the barrier is not raised. It lifts the barrier once:
// if another client raises it again while the reply to this call's request is lost, it stays
// raised.
//
// NoEffect and [ErrUnknown] mean what they mean for Raise, but a lost reply alone does not make the
// outcome unknown.
func (b *Barrier) Lift(ctx context.Context) error {
	return b.r.Attempts(ctx, "lift", b.lift)
}

func (b *Barrier) lift(ctx context.Context, z *client.Session) (calls.Outcome, error) {
	first, err := b.raisedAt(ctx, z)
	if err != nil || first == 0 {
		return calls.AppliedUnless(err)
	}
	o, err := calls.Once(ctx, b.r.Client, z, func() (struct{}, error) {
		return struct{}{}, b.r.Client.Conn.Delete(b.r.Path, -1)
	})
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return calls.Applied, nil
	case o == calls.Unknown && errors.Is(err, ErrSessionLost):
		return b.r.Settle(b.later(ctx, func(now int64) bool { return now != first }))
	case o != calls.Unknown || !failures.Unanswered(err):
		return o, err
	}
	return b.r.Settle(b.lifted(ctx, z, first))
}

// lifted returns the outcome of a delete in z whose reply was lost. first is the zxid of the create
// that raised the barrier before.
func (b *Barrier) lifted(ctx context.Context, z *client.Session, first int64) (calls.Outcome, error) {
	now, err := b.raisedAt(ctx, z)
	switch {
	case err != nil:
		return calls.Unknown, err
	case now == first:
		return calls.NotApplied, calls.ErrAgain
	}
	return calls.Applied, nil // or another client lifted it, during this call
}

// raisedAt returns the zxid of the create that raised the barrier, or 0 if the barrier is not
// raised, at some time during the call.
func (b *Barrier) raisedAt(ctx context.Context, z *client.Session) (int64, error) {
	if exists, err := b.r.Client.QuorumSync(ctx, z, b.r.Path); err != nil || !exists {
		return 0, err
	}
	v, err := b.r.Client.Get(ctx, z, b.r.Path)
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return v.Stat.Czxid, nil
}

// Await waits until the barrier is not raised. It returns nil if there was a moment during the call
// at which the barrier was not raised. If the session is lost, it goes on in the next one. Its
// errors have no effect: [ErrClosed], the error of ctx, or what a server refused.
func (b *Barrier) Await(ctx context.Context) error {
	return b.r.Attempts(ctx, "await", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		return calls.AppliedUnless(b.await(ctx, z))
	})
}

// await waits in z. The QuorumSync at its start makes sure that "not raised" is true of a moment
// during the call, and not only of the past of a server that lags behind.
func (b *Barrier) await(ctx context.Context, z *client.Session) error {
	if exists, err := b.r.Client.QuorumSync(ctx, z, b.r.Path); err != nil || !exists {
		return err
	}
	for {
		event := b.r.Client.NextEvent()
		v, err := b.r.Client.GetW(ctx, z, b.r.Path)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.r.Client.Wait(ctx, z, event, v.Changed); err != nil {
			return err
		}
	}
}

// Close ends calls that wait. It leaves the barrier as it is. It returns ctx's error, if ctx ends
// first. You may call Close again.
func (b *Barrier) Close(ctx context.Context) error {
	b.r.StopCalls()
	return b.r.Drain(ctx, "close barrier")
}
