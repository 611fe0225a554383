package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"
)

// mark settles what became of a change whose reply was lost, where the tree by
// itself could not tell: an item that is gone may have been taken by somebody
// else. It is an ephemeral znode of this client's session. Each change goes in
// one multi with an update of the mark from the version that is known, so that
// the mark says afterwards whether the change was made, and no change is made
// once the mark says that it was not.
//
// It is used by one call at a time.
type mark struct {
	path    string
	life    *life
	version int32
}

// fate is what became of a change.
type fate int

const (
	unknown fate = iota // perhaps made
	made
	unmade // not made, and never will be
)

// errUnmarked says that the mark is not there; no change was made under it.
var errUnmarked = errors.New("mark is gone")

// newMark makes a mark in folder.
func (s *Session) newMark(ctx context.Context, l *life, folder string) (*mark, error) {
	m := &mark{path: join(folder, newID()), life: l}
	for range rebuilds {
		_, err := ask(ctx, s, l, write, func() (string, error) {
			return s.conn.Create(m.path, nil, zk.FlagEphemeral, acl())
		})
		switch {
		case err == nil, errors.Is(err, zk.ErrNodeExists): // after a lost reply
			return m, s.own(ctx, m)
		case !errors.Is(err, zk.ErrNoNode):
			return m, err
		}
		if err := s.build(ctx, l, folder); err != nil {
			return m, err
		}
	}
	return m, zk.ErrNoNode
}

// own makes sure that the mark belongs to its life.
func (s *Session) own(ctx context.Context, m *mark) error {
	stat, err := ask(ctx, s, m.life, read, func() (*zk.Stat, error) {
		_, stat, err := s.conn.Get(m.path)
		return stat, err
	})
	if err == nil && stat.EphemeralOwner != m.life.id {
		return ErrSessionLost
	}
	return err
}

// change is a multi under way that carries a mark.
type change struct {
	id string
	*flight[[]zk.MultiResponse]
}

// apply sends ops together with an update of m.
func (s *Session) apply(m *mark, ops ...any) change {
	c := change{id: newID()}
	ops = append(ops, &zk.SetDataRequest{Path: m.path, Data: []byte(c.id), Version: m.version})
	c.flight = send(s, m.life, write, func() ([]zk.MultiResponse, error) { return s.conn.Multi(ops...) })
	return c
}

// outcome says what became of c, which was answered with err or not at all. The
// first of the ops that failed gives the error that comes with unmade.
func (s *Session) outcome(ctx context.Context, m *mark, c change, err error) (fate, error) {
	switch {
	case err == nil:
		m.version++
		return made, nil
	case c.settled() && c.unsent:
		return unmade, err
	case stopped(err):
		return unknown, err
	case unanswered(err):
		return s.settle(ctx, m, c)
	case len(c.v) > 0 && refusedBy(c.v) == len(c.v)-1:
		return unmade, errUnmarked
	}
	return unmade, err
}

// refusedBy returns the index of the op that made a multi fail.
func refusedBy(results []zk.MultiResponse) int {
	for i, r := range results {
		if r.Error != nil {
			return i
		}
	}
	return -1
}

// settle finds out what became of a change whose reply was lost, by an update of
// the mark from the same version: only one of the two can succeed.
func (s *Session) settle(ctx context.Context, m *mark, c change) (fate, error) {
	none := "not " + c.id
	_, err := ask(ctx, s, m.life, write, func() (*zk.Stat, error) {
		return s.conn.Set(m.path, []byte(none), m.version)
	})
	switch {
	case err == nil:
		m.version++
		return unmade, zk.ErrConnectionClosed
	case !errors.Is(err, zk.ErrBadVersion):
		return unknown, err
	}
	// The change, or an earlier try of the update. What the mark holds will not
	// change any more, so a plain read after that refusal is enough.
	data, err := ask(ctx, s, m.life, read, func() ([]byte, error) {
		data, _, err := s.conn.Get(m.path)
		return data, err
	})
	switch {
	case err != nil:
		return unknown, err
	case string(data) == c.id:
		m.version++
		return made, nil
	case string(data) == none:
		m.version++
		return unmade, zk.ErrConnectionClosed
	}
	return unknown, errUnmarked // somebody else wrote to it
}
