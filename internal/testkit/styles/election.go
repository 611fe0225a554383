package styles

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// raceElection is an election without a line: the candidate that creates the znode "leader" leads. The
// data of the znode is the name of the leader's mark and the leader's id. A candidate that finds its
// own seat there, in another session, takes the leadership over: a process that starts again under the
// name of its seat need not wait until its last session ends.
type raceElection struct {
	base
	fenced
	id string
}

func newRaceElection(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &raceElection{base: at(c, path, borrowed), id: id}, nil
}

func (e *raceElection) leader() string { return e.path + "/leader" }

func (e *raceElection) Campaign(ctx context.Context) error {
	return e.acquire(ctx, &e.base, func() (g *grant, err error) {
		err = e.until(ctx, 15*time.Millisecond, func(s *session) (bool, error) {
			if err := e.folder(s); err != nil {
				return false, err
			}
			c, err := e.stand(s)
			if err != nil || c == nil {
				return false, err
			}
			g = &grant{s: s, token: c.czxid, undo: func() { e.life.unclaim(c) }}
			return true, nil
		})
		return g, err
	})
}

// stand returns nil if another candidate leads.
func (e *raceElection) stand(s *session) (*claim, error) {
	var instead []any
	data, _, err := s.get(e.leader())
	switch {
	case err == nil:
		mark, _, ok := strings.Cut(string(data), " ")
		if !ok || !e.life.ofSeat(mark) {
			return nil, nil
		}
		instead = deletion(e.path+"/mark-"+mark, e.leader())
	case !errors.Is(err, zk.ErrNoNode):
		return nil, err
	}
	mark := e.life.name(s)
	return e.life.claim(s, e.path+"/mark-"+mark, []byte(mark+" "+e.id), instead, e.leader())
}

func (e *raceElection) Resign(ctx context.Context) error { return e.release(ctx, &e.base) }

// Leader implements subjects.LeaderTeller.
func (e *raceElection) Leader(ctx context.Context) (string, error) {
	return reading(ctx, &e.base, func() (string, error) {
		s, err := e.session(ctx)
		if err != nil {
			return "", err
		}
		data, _, err := s.get(e.leader())
		if errors.Is(err, zk.ErrNoNode) {
			return "", nil
		}
		_, id, _ := strings.Cut(string(data), " ")
		return id, err
	})
}

// orderedElection is an election whose candidates are ordered by the czxid of their znodes. Each
// candidate has a connection of its own, and polls.
type orderedElection struct {
	base
	fenced
	line
	id string
}

func newOrderedElection(c *subjects.Client, path, id string) (subjects.Election, error) {
	return &orderedElection{base: at(c, path, apart), id: id}, nil
}

func (e *orderedElection) Campaign(ctx context.Context) error {
	return e.acquire(ctx, &e.base, func() (*grant, error) {
		return e.queue(ctx, &e.base, e.path, e.id, func(ahead []contender) bool { return len(ahead) == 0 })
	})
}

func (e *orderedElection) Resign(ctx context.Context) error { return e.release(ctx, &e.base) }

// Leader implements subjects.LeaderTeller. Other connections of the client may have seen more than
// this one, hence the fence.
func (e *orderedElection) Leader(ctx context.Context) (string, error) {
	return reading(ctx, &e.base, func() (string, error) {
		s, err := e.session(ctx)
		if err != nil {
			return "", err
		}
		if err := s.fence(); err != nil {
			return "", err
		}
		line, err := contenders(s, e.path)
		if errors.Is(err, zk.ErrNoNode) {
			return "", nil
		}
		if err != nil || len(line) == 0 {
			return "", err
		}
		return line[0].data, nil
	})
}
