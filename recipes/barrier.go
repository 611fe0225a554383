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

// Barrier holds everybody back while it is raised. It is raised while the znode
// at its path exists, a persistent one: it stays when the client who raised it
// dies. It is safe for concurrent use.
//
// What it costs: to raise it, a read and a write; to lift it, two writes and a read; to await it,
// a write, and a read with a watch while it is raised. All who wait are woken when it is lifted,
// for a read each.
type Barrier struct {
	r *calls.Recipe
}

// NewBarrier returns the barrier at path.
func NewBarrier(c *Client, path string) *Barrier {
	return &Barrier{calls.New(c.client, path)}
}

// Raise raises the barrier, and makes what is missing above its path. If it was
// raised already, that is fine, too.
//
// A call without success has had no effect if its error has NoEffect. [ErrUnknown],
// with the reason, says that the barrier may have been raised: the call was
// cancelled, or the session lost, while the request was under way, or the reply
// was lost and the barrier is not there, but something has changed beside it (it
// may have been raised, and lifted by another client). Raise again if that suits.
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
		return calls.NotApplied, calls.ErrAgain // with its parent
	case o == calls.Unknown && failures.Unanswered(err):
		return b.r.Settle(b.raised(ctx, z, before.Stat.Pzxid))
	case o == calls.Unknown && errors.Is(err, ErrSessionLost):
		return b.r.Settle(b.later(ctx, func(now int64) bool { return now != 0 }))
	}
	return o, err
}

// raised returns the outcome of a create in z whose reply was lost. before is
// the zxid of the last change to the children of the barrier's parent.
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

// later looks in the next session whether what is there now is enough. If it is
// not, the old request may still be on its way to the leader.
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

// Lift lifts the barrier. If it is not raised, that is fine, too. It lifts it
// once: a barrier that another client raises again while the reply to this call's
// request is lost stays up.
//
// NoEffect and [ErrUnknown] are as those of Raise; a lost reply alone leaves
// nothing unknown here.
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

// lifted returns the outcome of a delete in z whose reply was lost, of what was raised first.
func (b *Barrier) lifted(ctx context.Context, z *client.Session, first int64) (calls.Outcome, error) {
	now, err := b.raisedAt(ctx, z)
	switch {
	case err != nil:
		return calls.Unknown, err
	case now == first:
		return calls.NotApplied, calls.ErrAgain
	}
	return calls.Applied, nil // or by somebody else, in the time of this call
}

// raisedAt is the zxid of the create that raised the barrier, 0 if it is not
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

// Await returns nil when there was a moment during the call at which the barrier
// was not raised, and waits for one. It goes on in the next session when one is
// lost. Its errors have no effect: [ErrClosed], the error of ctx, or what a
// server refused.
func (b *Barrier) Await(ctx context.Context) error {
	return b.r.Attempts(ctx, "await", func(ctx context.Context, z *client.Session) (calls.Outcome, error) {
		return calls.AppliedUnless(b.await(ctx, z))
	})
}

// await waits in z. The quorumSync at its start is what makes "not raised" mean a
// moment of this call, and not of the past of a server that lags behind.
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

// Close ends the calls that wait. It leaves the barrier as it is. Closing again
// is fine; the error is that of ctx, if it ends first.
func (b *Barrier) Close(ctx context.Context) error {
	b.r.StopCalls()
	return b.r.Drain(ctx, "close barrier")
}
