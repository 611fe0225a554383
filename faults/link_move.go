package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Move moves clients to another server: their connections end, and they can reach only that
// server. Their sessions live on there.
type Move struct {
	Who Who
	To  int // the server's id; 0 draws another one than the present
}

var _ = declare(kinds.Move, Kind{
	About:   "moves sessions of clients to another server",
	guide:   []row{{"", "sessions move to another server", "the session is on that server", "clients choose their servers again"}},
	words:   whoWords,
	Options: []Option{{Key: "to", About: "the server's number, from 1", Example: "2", Check: checkCount}},
	build: func(a arguments) Fault {
		return Move{Who: Who(a.word), To: a.count("to")}
	},
	vary: func(f Fault, n int, _ *rand.Rand) Fault {
		m := f.(Move)
		if m.Who == AnyWho {
			m.Who = drawnWho(n)
		}
		return m
	},
})

// Kind returns "move".
func (Move) Kind() string { return kinds.Move.Name }

// Spec returns move, with the clients and the server where they were given.
func (f Move) Spec() string {
	return withCount(spec(kinds.Move, string(f.Who)), "to", f.To)
}

// Available checks that there is another server.
func (f Move) Available(s Setting) error {
	switch n := len(s.Ensemble.Servers()); {
	case n < 2:
		return errors.New("the ensemble has no other server to move to")
	case f.To > n:
		return fmt.Errorf("there is no server %d: the ensemble has %d", f.To, n)
	}
	return nil
}

// moveWait is how long a client may take to connect to the server: a few tries, a second apart.
const moveWait = 6 * time.Second

// Inject moves the clients.
func (f Move) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers := serving(ctx, t.Ensemble)
	all, err := choice{who: f.Who}.hit(ctx, t, rng, nothingYet)
	if err != nil {
		return nil, err
	}
	goals := map[int]string{}
	for _, s := range all {
		addr, err := f.goal(servers, s.session.Server, rng)
		if err != nil {
			all.undo()
			return nil, err
		}
		goals[s.client.ID] = addr
	}
	ctx, cancel := context.WithTimeout(ctx, moveWait)
	defer cancel()
	if err := all.each(func(s *victim) error { return s.client.Link.Move(ctx, goals[s.client.ID]) }); err != nil {
		all.undo()
		return nil, fmt.Errorf("move: %w", err)
	}
	e := &onLinks{target: t, effect: effect{step: all.step(f.Spec())}, victims: all, seen: func(_ context.Context, s *victim) error {
		return isAt(s, goals[s.client.ID])
	}}
	return onLinksOnce{onLinks: e}, nil
}

// nothingYet only claims the client: the move itself takes time.
func nothingYet(Client) (func(), error) { return nil, nil }

// goal returns the address of the server to move to.
func (f Move) goal(servers []ensemble.Server, from string, rng *rand.Rand) (string, error) {
	var goals []string
	for _, s := range servers {
		if s.Addr() != from && (f.To == 0 || s.ID() == f.To) {
			goals = append(goals, s.Addr())
		}
	}
	if len(goals) == 0 {
		return "", fmt.Errorf("no other server that serves could be moved to: %w", ErrNoTarget)
	}
	return goals[rng.IntN(len(goals))], nil
}

// isAt checks that the session is connected there.
func isAt(s *victim, addr string) error {
	now, ok := s.client.Link.Session()
	if !ok || !now.Connected || now.Server != addr {
		return fmt.Errorf("it is not connected to %s", addr)
	}
	return nil
}
