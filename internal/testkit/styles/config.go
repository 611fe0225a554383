package styles

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// config is a configuration whose watchers compare mzxids, and begin with a fence in each session.
type config struct {
	base
	polls   bool
	watches base
	told    setting
}

// setting is the value that Next returned last.
type setting struct {
	models.Setting
	mzxid int64
	in    *session // nil before the first one
}

func newConfig(c *subjects.Client, path string, from connection) *config {
	g := &config{base: at(c, path, from)}
	g.watches = g.base
	g.watches.gate = newGate()
	return g
}

// newPolledConfig uses the client's connection, and polls.
func newPolledConfig(c *subjects.Client, path string) (subjects.Config, error) {
	g := newConfig(c, path, borrowed)
	g.polls = true
	return g, nil
}

// newSharedConfig has one connection for all configurations of a client, and watches.
func newSharedConfig(c *subjects.Client, path string) (subjects.Config, error) {
	return newConfig(c, path, common), nil
}

// newOwnConfig has a connection of its own, on which it also makes changes.
func newOwnConfig(c *subjects.Client, path string) (subjects.Config, error) {
	return newConfig(c, path, apart), nil
}

func (g *config) Set(ctx context.Context, value string) error {
	return g.do(ctx, func() error {
		s, err := g.session(ctx)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		return setOrCreate(ctx, s, g.path, value)
	})
}

// setOrCreate makes one attempt. It takes longer if another client deletes and creates the znode
// meanwhile.
func setOrCreate(ctx context.Context, s *session, path, value string) error {
	for ctx.Err() == nil {
		_, err := s.set(path, []byte(value), -1)
		if !errors.Is(err, zk.ErrNoNode) {
			return told(err)
		}
		_, err = s.create(path, []byte(value), 0)
		if !errors.Is(err, zk.ErrNodeExists) {
			return told(err)
		}
	}
	return subjects.WithoutEffect(context.Cause(ctx))
}

func (g *config) Delete(ctx context.Context) error {
	return g.do(ctx, func() error {
		s, err := g.session(ctx)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		err = s.remove(g.path)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		return told(err)
	})
}

// Next implements subjects.Config.
func (g *config) Next(ctx context.Context) (models.Setting, error) {
	next, err := reading(ctx, &g.watches, func() (next setting, err error) {
		in := g.told.in
		err = g.until(ctx, time.Millisecond, func(s *session) (bool, error) {
			if s != in {
				if err := s.fence(); err != nil {
					return false, pause(ctx, again)
				}
				in = s
			}
			var changed <-chan zk.Event
			next, changed, err = g.look(s)
			if err == nil && (g.told.in == nil || next.Absent != g.told.Absent || next.mzxid != g.told.mzxid) {
				return true, nil
			}
			select {
			case <-changed:
			case <-ctx.Done():
			case <-time.After(again):
			}
			return false, nil
		})
		return next, err
	})
	if err != nil {
		return models.Setting{}, err
	}
	g.told = next
	return next.Setting, nil
}

// look also sets a watch, unless the watcher polls.
func (g *config) look(s *session) (now setting, changed <-chan zk.Event, err error) {
	now.in = s
	if !g.polls {
		_, changed, err = s.statW(g.path)
		if err != nil {
			return now, nil, err
		}
	}
	data, st, err := s.get(g.path)
	if errors.Is(err, zk.ErrNoNode) {
		now.Absent = true
		return now, changed, nil
	}
	if err != nil {
		return now, changed, err
	}
	now.Value, now.mzxid = string(data), st.Mzxid
	return now, changed, nil
}
