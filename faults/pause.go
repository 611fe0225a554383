package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
)

// Pause freezes servers: their connections stay open and they answer nothing,
// as in a long garbage collection. The zero value pauses the leader.
type Pause struct {
	Nodes Nodes
}

// Kind is "pause".
func (Pause) Kind() string { return "pause" }

// Spec is pause, where a schedule chooses the nodes, or pause:<nodes>.
func (p Pause) Spec() string { return spec("pause", string(p.Nodes)) }

func (p Pause) nodes() Nodes {
	if p.Nodes == AnyNodes {
		return Leader
	}
	return p.Nodes
}

// Available asks whether the ensemble's servers can be paused.
func (Pause) Available(e ensemble.Ensemble) error {
	for _, s := range e.Servers() {
		if _, ok := s.(ensemble.Pauser); !ok {
			return fmt.Errorf("servers of a %s ensemble cannot be paused", e.Profile().Backend)
		}
	}
	return nil
}

// Warn says of a pause of the leader that it is too short for an election: the
// followers give the leader up after syncLimit ticks and need about a second more.
func (p Pause) Warn(prof ensemble.Profile, lasts time.Duration) string {
	need := time.Duration(prof.SyncLimit)*prof.Tick + time.Second
	if prof.Tick == 0 || lasts >= need || prof.Servers < 3 {
		return ""
	}
	if n := p.nodes(); n != Leader && n != Minority && n != One {
		return ""
	}
	return fmt.Sprintf("a pause of %s is too short for an election: a leader is given up after about %s; take an interval of faults (--fault-interval) of %s or more", lasts, need, 2*need)
}

// Inject pauses the chosen servers.
func (p Pause) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers, err := p.nodes().choose(ctx, t.Ensemble, rng)
	if err != nil {
		return nil, err
	}
	e := &paused{servers: servers, step: history.FaultStep{Spec: Pause{p.nodes()}.Spec(), Clients: t.on(addresses(servers))}}
	for _, s := range servers {
		e.step.Servers = append(e.step.Servers, s.ID())
	}
	sort.Ints(e.step.Servers)
	for _, s := range servers {
		if err := s.(ensemble.Pauser).Pause(ctx); err != nil {
			undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			return nil, errors.Join(fmt.Errorf("pause server %d: %w", s.ID(), err), e.Heal(undo))
		}
	}
	return e, nil
}

func addresses(servers []ensemble.Server) map[string]bool {
	set := map[string]bool{}
	for _, s := range servers {
		set[s.Addr()] = true
	}
	return set
}

type paused struct {
	servers []ensemble.Server
	step    history.FaultStep
}

func (e *paused) Describe() history.FaultStep { return e.step }

// silence is how long a paused server must leave a question unanswered: a
// healthy one answers in milliseconds.
const silence = 300 * time.Millisecond

// Verify asks each server for its status, all at once: none may answer.
func (e *paused) Verify(ctx context.Context) error {
	answers := make(chan error, len(e.servers))
	for _, s := range e.servers {
		go func() { answers <- silent(ctx, s) }()
	}
	var errs []error
	for range e.servers {
		errs = append(errs, <-answers)
	}
	return errors.Join(errs...)
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
	var errs []error
	for _, s := range e.servers {
		if err := s.(ensemble.Pauser).Resume(ctx); err != nil {
			errs = append(errs, fmt.Errorf("resume server %d: %w", s.ID(), err))
		}
	}
	return errors.Join(errs...)
}

func spec(kind, arg string) string {
	if arg == "" {
		return kind
	}
	return kind + ":" + arg
}
