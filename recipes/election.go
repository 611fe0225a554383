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

// Election elects a leader among candidates: the one that came first.
//
// Its path is a persistent znode, which the recipe creates if it is missing. Each candidate is an
// ephemeral sequential child <32 hex digits>-candidate-<sequence>, whose data is the id of the
// candidate. What [Lock] says holds here, too.
//
// Most programs only need Do or DoEach. [Election.Terms] returns who leads, and [Election.States]
// how this candidate stands.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type Election struct{ x *contend.Exclusive }

// NewElection returns a candidate in the election at path. [Election.Leader] returns id while the
// candidate leads.
func NewElection(c *Client, path, id string) *Election {
	return &Election{contend.NewExclusive(c.client, path, kindCandidate, []byte(id))}
}

// Campaign waits until this candidate leads or ctx ends. If its session is lost while it waits, it
// stands again in the next one. After an error, the candidate does not lead and is being withdrawn.
// NoEffect is true for all errors: [ErrHeld] if the candidate leads or campaigns already,
// [ErrTooLarge], [ErrClosed], [ErrRemoved], the error of ctx, or what a server refused.
func (e *Election) Campaign(ctx context.Context) error { return e.x.Take(ctx, "campaign") }

// Do stands for election as Campaign does, runs f while this candidate leads, and resigns when f
// returns or panics. The context of f ends when the candidate loses leadership. It combines errors
// as [Lock.Do] does. To lead again and again, use DoEach.
func (e *Election) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return e.x.Do(ctx, "do as leader", f)
}

// DoEach stands for election again and again, until ctx ends or f fails, and runs f each time that
// this candidate leads, as Do does. (Curator: LeaderSelector with autoRequeue.) If f returns nil,
// the candidate resigns and stands again behind the others. If leadership was lost, DoEach ignores
// the error of f, and the candidate also stands again.
//
// It returns the error of f, or of Campaign, including ctx's.
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

// Resign gives leadership back. Whatever it returns, the term is over or ends by itself. It returns
// [ErrNotHeld] or [ErrClosed] (NoEffect) if the candidate did not lead, [ErrLost] if it lost
// leadership before, or, while the removal goes on in the background, the error of ctx or what a
// server refused.
func (e *Election) Resign(ctx context.Context) error { return e.x.Release(ctx, "resign") }

// Lost returns a channel that closes when the candidate loses its present leadership; see
// [Lock.Lost].
func (e *Election) Lost() <-chan struct{} { return e.x.Lost() }

// Fence returns the fencing token of the present leadership; see [Lock.Fence].
func (e *Election) Fence() int64 { return e.x.Fence() }

// Session returns the id of the session that owns the present leadership, or 0 if there is none.
func (e *Election) Session() int64 { return e.x.Session() }

// Term is the leadership of one candidate.
type Term struct {
	ID    string // of the candidate; "" if no candidate leads
	Fence int64  // the fencing token, see [Lock.Fence]; 0 if no candidate leads
}

// Leader returns the id of the candidate that leads, or "" if there is none, as the server of this
// connection knows it, which can lag behind. NoEffect is true for its errors: the error of ctx,
// [ErrClosed], or what a server refused.
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
	err = e.x.Client.EachSession(e.x.Client.WithJitter(ctx), func(z *client.Session) error {
		for {
			t, _, err = e.lowest(ctx, z, e.x.Client.Get)
			if !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
	})
	return t, err
}

// lowest returns the term of the candidate in front. read reads its znode. lowest returns
// zk.ErrNoNode if the candidate has gone in the meantime.
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

// Terms returns the present term, and then each new one: another candidate's, the empty term if
// there is no leader, or one of the same candidate again. The caller need not be a candidate. Like
// Leader, Terms returns what the server of this connection knows. The server can lag behind, and in
// a new session Terms can return an earlier term again. It can leave out short terms. The caller
// watches the leader only.
//
// The sequence ends with an error: that of ctx, [ErrClosed], or what a server refused. You may use
// the sequence again, and several times at once.
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

// watchLeader watches the leader, or the children if there is no candidate.
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
	t, v, err = e.lowest(ctx, z, e.x.Client.GetW) // a candidate may have come before the watch was set
	if v.Changed == nil {
		v.Changed = all.Changed
	}
	return t, v.Changed, err
}

// Close resigns, withdraws the candidate, and waits until the tree has no znodes of this value; see
// [Lock.Close].
func (e *Election) Close(ctx context.Context) error { return e.x.Close(ctx, "close election") }
