package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Rolling restarts the servers one after the other, each in good order and only when the
// one before serves again. The leader comes last (Administrator's Guide, Rolling Restart).
// The turns are spread over the time that the fault lasts; it ends after the last turn. Its
// description names the servers for which no time was left.
type Rolling struct{}

var _ = declare(kinds.Rolling, Kind{
	About: "restarts the servers one by one, the leader last",
	guide: []row{{"", "all servers restart one by one, the leader last; each waits until the one before serves", "the first server is down", "servers that are down are started"}},
	build: func(arguments) Fault { return Rolling{} },
})

// Kind returns "rolling".
func (Rolling) Kind() string { return kinds.Rolling.Name }

// Spec returns "rolling".
func (r Rolling) Spec() string { return r.Kind() }

// Available checks that the ensemble's servers can be stopped and started.
func (Rolling) Available(s Setting) error { return canStop(s.Ensemble) }

// RestartTime is how long a restart of one server takes in a process of its own.
const RestartTime = 2 * time.Second

// Warn returns a warning if the time is too short for all servers.
func (Rolling) Warn(prof ensemble.Profile, lasts time.Duration) string {
	if need := time.Duration(prof.Servers) * RestartTime; prof.Backend != "embedded" && lasts < need {
		return fmt.Sprintf("a rolling restart within %s is short: %d servers take about %s", lasts, prof.Servers, need)
	}
	return ""
}

// Inject stops the first server.
func (Rolling) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers, release, err := All.take(ctx, t, rng, "server")
	if err != nil {
		return nil, err
	}
	e := &rolled{
		target: t, servers: leaderLast(ctx, servers, rng), release: release, claims: claimsOf("server", servers),
		began: time.Now(), ended: make(chan struct{}), cancel: func() {},
		step: history.FaultStep{Spec: Rolling{}.Spec(), Servers: idsOf(servers), Clients: t.on(addresses(servers))},
	}
	if err := e.stop(ctx, e.servers[0]); err != nil {
		close(e.ended)
		return nil, undo(ctx, e, err)
	}
	return e, nil
}

// leaderLast returns the servers in random order, with the leader last.
func leaderLast(ctx context.Context, servers []ensemble.Server, rng *rand.Rand) []ensemble.Server {
	leader, err := leaderOf(ctx, servers)
	var order []ensemble.Server
	for _, i := range rng.Perm(len(servers)) {
		if err != nil || servers[i] != leader {
			order = append(order, servers[i])
		}
	}
	if err == nil {
		order = append(order, leader)
	}
	return order
}

// rolled is a rolling restart. From Verify until ended is closed, only its goroutine
// touches servers.
type rolled struct {
	target  *Target
	servers []ensemble.Server // in the order of their turns
	claims  []string
	release func()
	healed  bool
	began   time.Time

	begin  sync.Once
	cancel context.CancelFunc // ends the roll after the present turn
	ended  chan struct{}

	mu   sync.Mutex
	step history.FaultStep
	done []int // servers that had their turn
	errs []error
}

// Ended returns a channel that is closed when every server has had its turn, or a turn failed.
func (e *rolled) Ended() <-chan struct{} { return e.ended }

// Describe lists the servers whose turn is over.
func (e *rolled) Describe() history.FaultStep {
	e.mu.Lock()
	defer e.mu.Unlock()
	step := e.step
	if len(e.done) > 0 {
		step.Detail = fmt.Sprintf("restarted %s of %d servers in turn", prose.Numbers(e.done), len(e.servers))
	}
	return step
}

// Verify sees that the first server is down, and lets the restart go on.
func (e *rolled) Verify(ctx context.Context) error {
	if err := refuses(ctx, e.target.Ensemble, e.servers[0]); err != nil {
		return err
	}
	e.begin.Do(func() {
		ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go e.roll(ctx)
	})
	return nil
}

// roll gives each server its turn, until ctx ends.
func (e *rolled) roll(ctx context.Context) {
	defer close(e.ended)
	share := e.target.Lasts / time.Duration(len(e.servers))
	for i, s := range e.servers {
		if i > 0 && !doze(ctx, time.Until(e.began.Add(time.Duration(i)*share))) {
			return
		}
		if err := e.restart(context.WithoutCancel(ctx), s, i == 0); err != nil {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.errs = append(e.errs, err)
			return
		}
		e.mu.Lock()
		e.done = append(e.done, s.ID())
		e.mu.Unlock()
	}
}

// restart restarts one server, which may be down already.
func (e *rolled) restart(ctx context.Context, s ensemble.Server, stopped bool) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if !stopped {
		if err := e.stop(ctx, s); err != nil {
			return err
		}
		if err := refuses(ctx, e.target.Ensemble, s); err != nil {
			return err
		}
	}
	if err := s.(ensemble.Stopper).Start(ctx); err != nil {
		return fmt.Errorf("start server %d: %w", s.ID(), err)
	}
	return e.target.awaitServing(ctx, s, e.claims...)
}

func (e *rolled) stop(ctx context.Context, s ensemble.Server) error {
	if err := s.(ensemble.Stopper).Stop(ctx); err != nil {
		return fmt.Errorf("stop server %d: %w", s.ID(), err)
	}
	return nil
}

// Heal ends the restart after the present turn, and starts servers that are down.
func (e *rolled) Heal(ctx context.Context) error {
	e.begin.Do(func() { // the roll never began
		if !over(e) {
			close(e.ended)
		}
	})
	e.cancel()
	select {
	case <-e.ended:
	case <-ctx.Done():
		return fmt.Errorf("a server's turn in the rolling restart does not end: %w", ctx.Err())
	}
	if e.healed {
		return nil
	}
	err := errors.Join(errors.Join(e.takeErrors()...), inTurn(e.servers, func(s ensemble.Server) error {
		return onServer("start server %d", s, s.(ensemble.Stopper).Start(ctx))
	}))
	if err != nil {
		return err
	}
	e.healed = true
	defer e.release()
	return e.target.awaitAll(ctx, e.servers, e.claims...)
}

// takeErrors returns the errors of the turns, once.
func (e *rolled) takeErrors() []error {
	e.mu.Lock()
	defer e.mu.Unlock()
	errs := slices.Clone(e.errs)
	e.errs = nil
	return errs
}
