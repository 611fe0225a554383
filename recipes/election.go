package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"
)

// Election elects one leader among its candidates: the one who came first.
//
// Its path is a persistent znode, created if missing. Each candidate is an
// ephemeral sequential child <32 hex digits>-candidate-<sequence> whose data is
// the candidate's id. All that is said of [Lock] holds for it, too.
type Election struct{ x *exclusive }

// NewElection returns a candidate of the election on path. The id
// is what [Election.Leader] tells others.
func NewElection(s *Session, path, id string) *Election {
	return &Election{newExclusive(s, path, kindCandidate, []byte(id))}
}

// Campaign waits until this candidate leads or ctx ends. When its session is lost
// while it waits, it stands again in the next one. After an error it does not
// lead and is being withdrawn; NoEffect is true for all errors, which are those of
// [Lock.Lock], and [ErrTooLarge].
func (e *Election) Campaign(ctx context.Context) error { return e.x.take(ctx, "campaign") }

// Do stands for election as Campaign does, runs f while this candidate leads, and resigns
// when f returns or panics. The context of f ends when leadership is lost, and the error
// is made up, as those of [Lock.Do] are. To lead again and again, call it again and again.
func (e *Election) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return e.x.do(ctx, "do as leader", f)
}

// Resign gives leadership back. Its errors are those of [Lock.Unlock].
func (e *Election) Resign(ctx context.Context) error { return e.x.release(ctx, "resign") }

// Lost returns a channel that closes when the present leadership is lost; see
// [Lock.Lost].
func (e *Election) Lost() <-chan struct{} { return e.x.lost() }

// Fence returns the fencing token of the present leadership; see [Lock.Fence].
func (e *Election) Fence() int64 { return e.x.fence() }

// Session returns the id of the session that owns the present leadership, 0 if
// there is none.
func (e *Election) Session() int64 { return e.x.session() }

// Leader returns the id of the candidate who leads, "" if there is none, as the
// server of this connection knows it: it can lag behind. NoEffect is true for its
// errors.
func (e *Election) Leader(ctx context.Context) (string, error) {
	id, err := e.leader(ctx)
	if err != nil {
		return "", &Error{Op: "leader", Path: e.x.path, Err: err, noEffect: true}
	}
	return id, nil
}

func (e *Election) leader(ctx context.Context) (id string, err error) {
	if err := checkPath(e.x.path); err != nil {
		return "", err
	}
	err = e.x.s.eachSession(ctx, func(z *zkSession) error {
		for {
			id, err = e.lowest(ctx, z)
			if !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
	})
	return id, err
}

// lowest returns the data of the candidate in front; zk.ErrNoNode if that one
// has gone meanwhile.
func (e *Election) lowest(ctx context.Context, z *zkSession) (string, error) {
	names, err := e.x.s.children(ctx, z, e.x.path)
	if err != nil {
		return "", err
	}
	for _, n := range nodes(names, e.x.kind) {
		v, err := e.x.s.get(ctx, z, join(e.x.path, n.name))
		if err != nil {
			return "", err
		}
		if v.stat.EphemeralOwner != 0 { // else it only looks like a candidate
			return string(v.data), nil
		}
	}
	return "", nil
}

// Close resigns and withdraws, and waits until nothing of this value is left in
// the tree; see [Lock.Close].
func (e *Election) Close(ctx context.Context) error { return e.x.close(ctx, "close election") }
