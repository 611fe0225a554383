package recipes

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"
)

// Barrier holds everybody back while it is raised. It is raised while the znode
// at its path exists, a persistent one: it stays when the client who raised it
// dies. It is safe for concurrent use.
type Barrier struct {
	calls
	s    *Session
	path string
}

// NewBarrier returns the barrier at path.
func NewBarrier(s *Session, path string) *Barrier {
	return &Barrier{calls: newCalls(), s: s, path: path}
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
	return b.do(ctx, "raise", func(ctx context.Context, l *life) (fate, error) {
		before, err := b.s.siblings(ctx, l, b.path)
		if errors.Is(err, zk.ErrNoNode) {
			if err = b.s.build(ctx, l, parent(b.path)); err == nil {
				err = zk.ErrConnectionClosed // once more
			}
		}
		if err != nil {
			return unmade, err
		}
		f, err := once(ctx, b.s, l, func() (string, error) {
			return b.s.conn.Create(b.path, nil, 0, acl())
		})
		switch {
		case errors.Is(err, zk.ErrNodeExists):
			return made, nil
		case errors.Is(err, zk.ErrNoNode):
			return unmade, zk.ErrConnectionClosed // build the parent again
		case f == unknown && unanswered(err):
			return b.raised(ctx, l, before)
		case f == unknown && errors.Is(err, ErrSessionLost):
			return b.later(ctx, func(now int64) bool { return now != 0 })
		}
		return f, err
	})
}

// later looks in the next session whether what is there now is enough. If it is
// not, the old request may still be on its way to the leader.
func (b *Barrier) later(ctx context.Context, enough func(now int64) bool) (fate, error) {
	l, err := b.s.begin(ctx)
	if err != nil {
		return unknown, err
	}
	now, err := b.incarnation(ctx, l)
	switch {
	case err != nil:
		return unknown, err
	case enough(now):
		return made, nil
	}
	return unknown, ErrSessionLost
}

// siblings is the zxid of the last change to the children of path's parent.
func (s *Session) siblings(ctx context.Context, l *life, path string) (int64, error) {
	stat, err := ask(ctx, s, l, read, func() (*zk.Stat, error) {
		_, stat, err := s.conn.Get(parent(path))
		return stat, err
	})
	if err != nil {
		return 0, err
	}
	return stat.Pzxid, nil
}

// raised says what became of a create in l whose reply was lost.
func (b *Barrier) raised(ctx context.Context, l *life, before int64) (fate, error) {
	exists, err := b.s.fence(ctx, l, b.path)
	if err != nil {
		return unknown, err
	}
	if exists {
		return made, nil
	}
	after, err := b.s.siblings(ctx, l, b.path)
	switch {
	case err != nil:
		return unknown, err
	case after != before:
		return unknown, zk.ErrConnectionClosed
	}
	return unmade, zk.ErrConnectionClosed
}

// Lift lifts the barrier. If it is not raised, that is fine, too. It lifts it
// once: a barrier that another client raises again while the reply to this call's
// request is lost stays up.
//
// NoEffect and [ErrUnknown] are as those of Raise; a lost reply alone leaves
// nothing unknown here.
func (b *Barrier) Lift(ctx context.Context) error {
	return b.do(ctx, "lift", b.lift)
}

func (b *Barrier) lift(ctx context.Context, l *life) (fate, error) {
	first, err := b.incarnation(ctx, l)
	if err != nil || first == 0 {
		return settledAs(made, err)
	}
	f, err := once(ctx, b.s, l, func() (struct{}, error) {
		return struct{}{}, b.s.conn.Delete(b.path, -1)
	})
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return made, nil
	case f == unknown && errors.Is(err, ErrSessionLost):
		return b.later(ctx, func(now int64) bool { return now != first })
	case f != unknown || !unanswered(err):
		return f, err
	}
	now, err := b.incarnation(ctx, l)
	switch {
	case err != nil:
		return unknown, err
	case now == first:
		return unmade, zk.ErrConnectionClosed
	}
	return made, nil // or by somebody else, in the time of this call
}

// settledAs is f if there is no error, else unmade.
func settledAs(f fate, err error) (fate, error) {
	if err != nil {
		return unmade, err
	}
	return f, nil
}

// incarnation is the zxid of the create that raised the barrier, 0 if it is not
// raised, at some time during the call.
func (b *Barrier) incarnation(ctx context.Context, l *life) (int64, error) {
	if exists, err := b.s.fence(ctx, l, b.path); err != nil || !exists {
		return 0, err
	}
	stat, err := ask(ctx, b.s, l, read, func() (*zk.Stat, error) {
		_, stat, err := b.s.conn.Get(b.path)
		return stat, err
	})
	if errors.Is(err, zk.ErrNoNode) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return stat.Czxid, nil
}

// once sends a request once. unknown comes with the error that left it so.
func once[T any](ctx context.Context, s *Session, l *life, f func() (T, error)) (fate, error) {
	if err := s.connected(ctx, l); err != nil {
		return unmade, err
	}
	request := send(s, l, write, f)
	_, err := request.wait(ctx)
	if stopped(err) && !request.settled() {
		grace, cancel := context.WithTimeout(s.ctx, s.grace())
		defer cancel()
		if _, late := request.wait(grace); request.settled() && !unanswered(late) {
			err = late
		}
	}
	switch {
	case err == nil:
		return made, nil
	case request.settled() && request.unsent:
		return unmade, err
	case stopped(err), unanswered(err):
		return unknown, err
	}
	return unmade, err
}

// Await returns nil when there was a moment during the call at which the barrier
// was not raised, and waits for one. It goes on in the next session when one is
// lost. Its errors have no effect: [ErrClosed], the error of ctx, or what a
// server refused.
func (b *Barrier) Await(ctx context.Context) error {
	err := b.do(ctx, "await", func(ctx context.Context, l *life) (fate, error) {
		return settledAs(made, b.await(ctx, l))
	})
	return err
}

// await waits in l. The fence at its start is what makes "not raised" mean a
// moment of this call, and not of the past of a server that lags behind.
func (b *Barrier) await(ctx context.Context, l *life) error {
	if exists, err := b.s.fence(ctx, l, b.path); err != nil || !exists {
		return err
	}
	for {
		news := b.s.nextNews()
		v, err := b.s.get(ctx, l, b.path)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.s.wait(ctx, l, news, v.changed); err != nil {
			return err
		}
	}
}

// do runs one try of a call after the other until its outcome is settled.
func (b *Barrier) do(ctx context.Context, op string, try func(context.Context, *life) (fate, error)) error {
	ctx, end, err := b.start(ctx, b.path)
	if err != nil {
		return without(op, b.path, err)
	}
	defer end()
	var pause backoff
	for {
		l, err := b.s.begin(ctx)
		if err != nil {
			return without(op, b.path, b.cause(err))
		}
		f, err := try(ctx, l)
		switch {
		case f == made:
			return nil
		case f == unknown:
			return perhaps(op, b.path, fmt.Errorf("%w: %w", ErrUnknown, b.cause(err)))
		case !again(err):
			return without(op, b.path, b.cause(err))
		}
		pause.pause(ctx)
	}
}

// Close ends the calls that wait. It leaves the barrier as it is. Closing again
// is fine; the error is that of ctx, if it ends first.
func (b *Barrier) Close(ctx context.Context) error {
	b.close()
	if err := b.tasks.wait(ctx); err != nil {
		return perhaps("close barrier", b.path, err)
	}
	return nil
}
