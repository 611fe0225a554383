package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

// Pause freezes servers: their connections stay open and they answer nothing,
// as in a long garbage collection. The zero value pauses the leader.
type Pause struct {
	Nodes Nodes
}

var pauseKind = kind{
	name:     "pause",
	about:    "freezes servers: connections stay open, nothing is answered",
	words:    nodeWords,
	word:     nodeWord,
	examples: nodeExamples,
	build:    func(a arguments) Fault { return Pause{Nodes: Nodes(a.word)} },
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		if f != (Pause{}) {
			return f
		}
		return Pause{Nodes: varyNodes(n, rng, Leader, Leader, One, Majority)}
	},
}

// Kind is "pause".
func (Pause) Kind() string { return "pause" }

// Spec is pause, where a schedule chooses the nodes, or pause:<nodes>.
func (p Pause) Spec() string { return spec("pause", string(p.Nodes)) }

func (p Pause) nodes() Nodes { return p.Nodes.or(Leader) }

// Available asks whether the ensemble's servers can be paused.
func (p Pause) Available(s Setting) error {
	for _, server := range s.Ensemble.Servers() {
		if _, ok := server.(ensemble.Pauser); !ok {
			return fmt.Errorf("servers of %s ensembles cannot be paused", s.Ensemble.Profile().Backend)
		}
	}
	return p.Nodes.available(s.Ensemble)
}

// Warn says of a pause of the leader that it is too short for an election: the
// followers give the leader up after syncLimit ticks and need about a second more.
func (p Pause) Warn(prof ensemble.Profile, lasts time.Duration) string {
	if n := p.nodes(); n == Majority || n == All || n == Followers {
		return "" // no leader is elected anyway
	}
	return tooShort("a pause", prof, lasts)
}

// tooShort says of something that takes the leader away that it does not last
// long enough for an election.
func tooShort(what string, prof ensemble.Profile, lasts time.Duration) string {
	need := time.Duration(prof.SyncLimit)*prof.Tick + time.Second
	if prof.Tick == 0 || lasts >= need || prof.Servers < 3 {
		return ""
	}
	return fmt.Sprintf("%s of %s is too short for an election: a leader is given up after about %s; take an interval of faults (--fault-interval) of %s or more", what, lasts, need, 2*need)
}

// Inject pauses the chosen servers.
func (p Pause) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers, release, err := p.nodes().take(ctx, t, rng, "server")
	if err != nil {
		return nil, err
	}
	e := &paused{servers: servers, release: release, step: history.FaultStep{
		Spec: Pause{p.nodes()}.Spec(), Servers: idsOf(servers), Clients: t.on(addresses(servers)),
	}}
	for _, s := range servers {
		if err := s.(ensemble.Pauser).Pause(ctx); err != nil {
			return nil, undo(ctx, e, fmt.Errorf("pause server %d: %w", s.ID(), err))
		}
	}
	return e, nil
}

// undo heals what was half done, also when ctx has ended.
func undo(ctx context.Context, e interface{ Heal(context.Context) error }, because error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(because, e.Heal(ctx))
}

type paused struct {
	servers []ensemble.Server
	release func()
	healed  bool
	step    history.FaultStep
}

func (e *paused) Describe() history.FaultStep { return e.step }

// Verify asks each server for its status, all at once: none may answer.
func (e *paused) Verify(ctx context.Context) error {
	return together(e.servers, func(s ensemble.Server) error { return silent(ctx, s) })
}

func silent(ctx context.Context, s ensemble.Server) error {
	if frozen, err := s.(ensemble.Pauser).Paused(ctx); err != nil {
		return fmt.Errorf("server %d: %w", s.ID(), err)
	} else if !frozen {
		return fmt.Errorf("server %d is not paused", s.ID())
	}
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	if status, err := s.Status(ctx); err == nil {
		return fmt.Errorf("server %d is paused but answers as %s", s.ID(), status.Role)
	}
	return nil
}

// Heal resumes the servers.
func (e *paused) Heal(ctx context.Context) error {
	if e.healed {
		return nil // and somebody else may have paused a server since
	}
	err := inTurn(e.servers, func(s ensemble.Server) error {
		return onServer("resume server %d", s, s.(ensemble.Pauser).Resume(ctx))
	})
	if e.healed = err == nil; e.healed {
		e.release()
	}
	return err
}
