package monitor

import (
	"context"
	"testing"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Each of these defects of a client makes a follower lose something or report what did not happen: the
// test of churns must find them.
func TestChurnFindsMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("a churn of each defect")
	}
	for name, plant := range map[string]func(session) session{
		"an event behind a reconnect is dropped": func(s session) session { return &forgetful{session: s} },
		"an event comes twice":                   func(s session) session { return &stutterer{session: s} },
		"a lost connection is not told":          func(s session) session { return &silent{session: s} },
		"the watch is not recursive":             func(s session) session { return &shortSighted{s} },
		"a list lacks a name":                    func(s session) session { return &partial{s} },
	} {
		t.Run(name, func(t *testing.T) {
			planted := func(ctx context.Context, cfg client.Config) (session, error) {
				s, err := connect(ctx, cfg)
				if err != nil {
					return nil, err
				}
				return plant(s), nil
			}
			for seed := range uint64(4) { // some seeds do not meet some defects: at most one in 24
				if churned(t, seed+2, planted) != "" {
					return
				}
			}
			t.Error("it was not found")
		})
	}
}

type forgetful struct {
	session
	connected int
}

func (s *forgetful) Next(ctx context.Context) (client.Event, error) {
	for {
		e, err := s.session.Next(ctx)
		if e.Session == client.Connected {
			s.connected++
		}
		if s.connected < 2 || err != nil || e.Session != "" || e.Mark != nil {
			return e, err
		}
		s.connected = 1
	}
}

type stutterer struct {
	session
	again *client.Event
	n     int // events so far
	twice bool
}

func (s *stutterer) Next(ctx context.Context) (client.Event, error) {
	if e := s.again; e != nil {
		s.again = nil
		return *e, nil
	}
	e, err := s.session.Next(ctx)
	if s.n++; s.n >= 500 && !s.twice && err == nil && e.Session == "" && e.Mark == nil {
		s.again, s.twice = &e, true
	}
	return e, err
}

type silent struct {
	session
	connected bool
}

func (s *silent) Next(ctx context.Context) (client.Event, error) {
	for {
		e, err := s.session.Next(ctx)
		if err != nil || e.Session == "" || e.Session == client.Expired || !s.connected {
			s.connected = s.connected || e.Session == client.Connected
			return e, err
		}
	}
}

type shortSighted struct{ session }

func (s *shortSighted) AddWatch(ctx context.Context, path string, _ client.Watch) error {
	return s.session.AddWatch(ctx, path, client.Persistent)
}

type partial struct{ session }

func (s *partial) Children(ctx context.Context, path string, watch bool) ([]string, wire.Stat, error) {
	names, stat, err := s.session.Children(ctx, path, watch)
	if len(names) > 2 {
		names = names[1:]
	}
	return names, stat, err
}
