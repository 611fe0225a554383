package recipes

import (
	"context"
	"errors"
	"iter"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

const kindCandidate = "candidate"

// Election elects one leader among its candidates: the one who came first.
//
// Its path is a persistent znode, created if missing. Each candidate is an
// ephemeral sequential child <32 hex digits>-candidate-<sequence> whose data is
// the candidate's id. All that is said of [Lock] holds for it, too.
//
// Do and DoEach are what most programs need. [Election.Terms] tells who leads, and
// [Election.States] how this candidate itself stands.
type Election struct{ x *contend.Exclusive }

// NewElection returns a candidate of the election on path. The id
// is what [Election.Leader] tells others.
func NewElection(c *Client, path, id string) *Election {
	return &Election{contend.NewExclusive(c.client, path, kindCandidate, []byte(id))}
}

// Campaign waits until this candidate leads or ctx ends. When its session is lost
// while it waits, it stands again in the next one. After an error it does not
// lead and is being withdrawn; NoEffect is true for all errors, which are those of
// [Lock.Lock], and [ErrTooLarge].
func (e *Election) Campaign(ctx context.Context) error { return e.x.Take(ctx, "campaign") }

// Do stands for election as Campaign does, runs f while this candidate leads, and resigns
// when f returns or panics. The context of f ends when leadership is lost, and the error
// is made up, as those of [Lock.Do] are. To lead again and again, call it again and again.
func (e *Election) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return e.x.Do(ctx, "do as leader", f)
}

// DoEach stands for election again and again, and runs f each time that this candidate leads,
// as Do does, until ctx ends or f fails. (Curator: LeaderSelector with autoRequeue.) When f
// returns nil it has had enough of this term, and this candidate stands again behind the
// others. What f returns when the term was lost is passed over: it stands again, too.
//
// The error is that of f; else those of Campaign, of which that of ctx is one.
func (e *Election) DoEach(ctx context.Context, f func(ctx context.Context) error) error {
	for {
		err, over := e.x.Run(ctx, "do as leader", e.x.Line, f)
		switch {
		case errors.Is(over, ErrLost): // of this term: f may also have lost something else
		case err != nil:
			return err
		case over != nil:
			return over
		}
	}
}

// Resign gives leadership back. Its errors are those of [Lock.Unlock].
func (e *Election) Resign(ctx context.Context) error { return e.x.Release(ctx, "resign") }

// Lost returns a channel that closes when the present leadership is lost; see
// [Lock.Lost].
func (e *Election) Lost() <-chan struct{} { return e.x.Lost() }

// Fence returns the fencing token of the present leadership; see [Lock.Fence].
func (e *Election) Fence() int64 { return e.x.Fence() }

// Session returns the id of the session that owns the present leadership, 0 if
// there is none.
func (e *Election) Session() int64 { return e.x.Session() }

// Term is one candidate's leadership.
type Term struct {
	ID    string // the candidate's; "" if nobody leads
	Fence int64  // its fencing token, see [Lock.Fence]; 0 if nobody leads
}

// Leader returns the id of the candidate who leads, "" if there is none, as the
// server of this connection knows it: it can lag behind. NoEffect is true for its
// errors.
func (e *Election) Leader(ctx context.Context) (string, error) {
	t, err := e.leader(ctx)
	if err != nil {
		return "", &Error{Op: "leader", Path: e.x.Path, Err: err, noEffect: true}
	}
	return t.ID, nil
}

func (e *Election) leader(ctx context.Context) (t Term, err error) {
	if err := znodes.CheckPath(e.x.Path); err != nil {
		return Term{}, err
	}
	err = e.x.Client.EachSession(e.x.Client.WithTurn(ctx), func(z *client.Session) error {
		for {
			t, _, err = e.lowest(ctx, z, e.x.Client.Get)
			if !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
	})
	return t, err
}

// lowest returns the term of the candidate in front, as read reads its znode;
// zk.ErrNoNode if that one has gone meanwhile.
func (e *Election) lowest(ctx context.Context, z *client.Session, read func(context.Context, *client.Session, string) (client.Value, error)) (Term, client.Value, error) {
	names, err := e.x.Client.Children(ctx, z, e.x.Path)
	if err != nil {
		return Term{}, client.Value{}, err
	}
	for _, n := range znodes.Nodes(names, e.x.Kind) {
		v, err := read(ctx, z, znodes.Join(e.x.Path, n.Name))
		if err != nil {
			return Term{}, client.Value{}, err
		}
		if v.Stat.EphemeralOwner != 0 { // else it only looks like a candidate
			return Term{ID: string(v.Data), Fence: v.Stat.Czxid}, v, nil
		}
	}
	return Term{}, client.Value{}, nil
}

// Terms tells who leads, candidate or not: at first, and each time that somebody else does, or
// nobody, or the same one in another term. As with Leader it is what the server of this
// connection knows, which can lag behind, and on a new session be what it was before; short
// terms can be missed. Whoever follows watches the leader alone.
//
// The sequence ends with an error: that of ctx, or [ErrClosed]. It can be used again, also by
// several at once.
func (e *Election) Terms(ctx context.Context) iter.Seq2[Term, error] {
	return func(yield func(Term, error) bool) {
		f := calls.Follower[Term]{Recipe: e.x.Recipe, Look: calls.ByOne(e.watchLeader), Equal: func(a, b Term) bool { return a == b }, Behind: true}
		for {
			t, err := f.Follow(ctx, "follow")
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// watchLeader watches the leader, or for the first candidate if there is none.
func (e *Election) watchLeader(ctx context.Context, z *client.Session) (Term, <-chan zk.Event, error) {
	t, v, err := e.lowest(ctx, z, e.x.Client.GetW)
	if err != nil || v.Changed != nil {
		return t, v.Changed, err
	}
	all, err := e.x.Client.ChildrenW(ctx, z, e.x.Path)
	if errors.Is(err, zk.ErrNoNode) {
		if err := e.x.Client.EnsurePath(ctx, z, e.x.Path); err != nil {
			return Term{}, nil, err
		}
		return Term{}, nil, zk.ErrNoNode // look again
	}
	if err != nil {
		return Term{}, nil, err
	}
	t, v, err = e.lowest(ctx, z, e.x.Client.GetW) // one may have come before there was that watch
	if v.Changed == nil {
		v.Changed = all.Changed
	}
	return t, v.Changed, err
}

// Close resigns and withdraws, and waits until nothing of this value is left in
// the tree; see [Lock.Close].
func (e *Election) Close(ctx context.Context) error { return e.x.Close(ctx, "close election") }
