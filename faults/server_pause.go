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

// Pause freezes servers: their connections stay open and they answer nothing, as in a long
// garbage collection. The zero value pauses the leader.
type Pause struct {
	Nodes Nodes
}

var _ = declare(kinds.Pause, ofServers(Kind{
	About: "freezes servers: connections stay open, but nothing is answered",
	guide: []row{{"", "servers are frozen: connections stay open, but nothing is answered", "a request that gets no answer", "they resume"}},
	words: nodeWords,
}, func(n Nodes) Fault { return Pause{n} }, Leader, Leader, One, Majority))

// Kind returns "pause".
func (Pause) Kind() string { return kinds.Pause.Name }

// Spec returns pause if a schedule chooses the nodes, else pause:<nodes>.
func (p Pause) Spec() string { return spec(kinds.Pause, string(p.Nodes)) }

func (p Pause) nodes() Nodes { return p.Nodes.or(Leader) }

// Available checks that the ensemble's servers can be paused.
func (p Pause) Available(s Setting) error {
	if err := everyServer[ensemble.Pauser](s.Ensemble, "%s ensembles cannot pause servers", ensemble.CanPause); err != nil {
		return err
	}
	return p.nodes().available(s.Ensemble)
}

// Warn returns a warning if a pause of the leader is too short for an election. The followers give the
// leader up after syncLimit ticks and need about a second more.
func (p Pause) Warn(prof ensemble.Profile, lasts time.Duration) string {
	if n := p.nodes(); n == Majority || n == All || n == Followers || n == Observer {
		return "" // no leader is elected in any case
	}
	return tooShort("a pause", prof, lasts)
}

// tooShort warns when a fault that takes the leader away is too short for an election.
func tooShort(what string, prof ensemble.Profile, lasts time.Duration) string {
	need := time.Duration(prof.SyncLimit)*prof.Tick + time.Second
	if prof.Tick == 0 || prof.SyncLimit == 0 || lasts >= need || prof.Servers < 3 {
		return ""
	}
	return fmt.Sprintf("%s of %s is too short for an election: followers give up a leader after about %s; set --fault-interval to %s or more", what, lasts, need, 2*need)
}

// Inject pauses the chosen servers.
func (p Pause) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers, release, err := p.nodes().take(ctx, t, rng, "server")
	if err != nil {
		return nil, err
	}
	e := &paused{servers: servers, effect: t.hit(Pause{p.nodes()}.Spec(), servers, release)}
	for _, s := range servers {
		if err := s.(ensemble.Pauser).Pause(ctx); err != nil {
			return nil, undo(ctx, e, fmt.Errorf("pause server %d: %w", s.ID(), err))
		}
	}
	return e, nil
}

// undo heals an effect that was only partly injected, even if ctx has ended.
func undo(ctx context.Context, e interface{ Heal(context.Context) error }, because error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Patience)
	defer cancel()
	return errors.Join(because, e.Heal(ctx))
}

type paused struct {
	effect
	servers []ensemble.Server
}

// Verify asks all servers for their status at once; none may answer.
func (e *paused) Verify(ctx context.Context) error {
	return together(e.servers, func(s ensemble.Server) error { return answersNothing(ctx, s) })
}

func answersNothing(ctx context.Context, s ensemble.Server) error {
	if frozen, err := s.(ensemble.Pauser).Paused(ctx); err != nil {
		return fmt.Errorf("server %d: %w", s.ID(), err)
	} else if !frozen {
		return fmt.Errorf("server %d is not paused", s.ID())
	}
	ctx, cancel := context.WithTimeout(ctx, noAnswer)
	defer cancel()
	if status, err := s.Status(ctx); err == nil {
		return fmt.Errorf("server %d is paused but answers as %s", s.ID(), status.Role)
	}
	return nil
}

// Heal resumes the servers.
func (e *paused) Heal(ctx context.Context) error {
	return e.once(func() error {
		return inTurn(e.servers, func(s ensemble.Server) error {
			return onServer("resume server %d", s, s.(ensemble.Pauser).Resume(ctx))
		})
	})
}
