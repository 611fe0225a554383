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
	return tooShortFor("a rolling restart", prof, lasts)
}

// tooShortFor returns a warning if something that gives each server a turn has too little time, or "".
func tooShortFor(what string, prof ensemble.Profile, lasts time.Duration) string {
	if need := time.Duration(prof.Servers) * RestartTime; prof.Backend != "embedded" && lasts < need {
		return fmt.Sprintf("%s within %s is short: %d servers take about %s", what, lasts, prof.Servers, need)
	}
	return ""
}

// Inject stops the first server.
func (Rolling) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	servers, release, err := All.take(ctx, t, rng, "server")
	if err != nil {
		return nil, err
	}
	e := newRolled(t, leaderLast(ctx, servers, rng), Rolling{}.Spec(), release, claimsOf("server", servers))
	if err := e.stop(ctx, e.servers[0]); err != nil {
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

// rolled gives each server its turn in a rolling restart. From goOn until ended is closed, only its
// goroutine touches servers.
type rolled struct {
	target  *Target
	servers []ensemble.Server // in the order of their turns
	claims  []string
	release func()
	healed  bool
	began   time.Time
	told    time.Duration // when the latest server was told to go down

	// down changes a server that has ended and is to be started again, and turned looks at one that serves again.
	// Either may be nil.
	down, turned func(context.Context, ensemble.Server) error

	begin  sync.Once
	cancel context.CancelFunc // ends the roll after the present turn
	ended  chan struct{}

	mu   sync.Mutex
	step history.FaultStep
	done []int // servers that had their turn
	errs []error
}

func newRolled(t *Target, servers []ensemble.Server, spec string, release func(), claims []string) *rolled {
	return &rolled{
		target: t, servers: servers, release: release, claims: claims,
		began: time.Now(), ended: make(chan struct{}), cancel: func() {},
		step: history.FaultStep{Spec: spec, Servers: idsOf(servers), Clients: t.on(addresses(servers))},
	}
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
	if err := e.isDown(ctx, e.servers[0]); err != nil {
		return err
	}
	e.goOn(ctx, 0)
	return nil
}

// isDown waits until a server is seen to be down, and notes that its turn began.
func (e *rolled) isDown(ctx context.Context, s ensemble.Server) error {
	if err := refuses(ctx, e.target.Ensemble, s); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.step.Turns = append(e.step.Turns, history.FaultTurn{Server: s.ID(), From: e.told, At: e.target.Now()})
	return nil
}

// goOn lets the turns go on with the server at an index. It does so once.
func (e *rolled) goOn(ctx context.Context, first int) {
	e.begin.Do(func() {
		ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go e.roll(ctx, first)
	})
}

// roll gives each server its turn, until ctx ends.
func (e *rolled) roll(ctx context.Context, first int) {
	defer close(e.ended)
	share := e.target.Lasts / time.Duration(len(e.servers))
	for i := first; i < len(e.servers); i++ {
		if i > 0 && !doze(ctx, time.Until(e.began.Add(time.Duration(i)*share))) {
			return
		}
		if err := e.turn(context.WithoutCancel(ctx), e.servers[i], i == 0); err != nil {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.errs = append(e.errs, err)
			return
		}
	}
}

// turn restarts one server, which may be down already.
func (e *rolled) turn(ctx context.Context, s ensemble.Server, stopped bool) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if !stopped {
		if err := e.stop(ctx, s); err != nil {
			return err
		}
		if err := e.isDown(ctx, s); err != nil {
			return err
		}
	}
	if e.down != nil {
		if err := e.down(ctx, s); err != nil {
			return err
		}
	}
	if err := s.(ensemble.Stopper).Start(ctx); err != nil {
		return fmt.Errorf("start server %d: %w", s.ID(), err)
	}
	if err := e.target.awaitServing(ctx, s, e.claims...); err != nil {
		return err
	}
	if e.turned != nil {
		if err := e.turned(ctx, s); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = append(e.done, s.ID())
	return nil
}

// had returns the servers whose turn is over, in the order of their turns.
func (e *rolled) had() []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.done)
}

func (e *rolled) stop(ctx context.Context, s ensemble.Server) error {
	e.told = e.target.Now()
	if err := s.(ensemble.Stopper).Stop(ctx); err != nil {
		return fmt.Errorf("stop server %d: %w", s.ID(), err)
	}
	return nil
}

// Heal ends the restart after the present turn, and starts servers that are down.
func (e *rolled) Heal(ctx context.Context) error {
	return e.end(ctx, func() error {
		return inTurn(e.servers, func(s ensemble.Server) error {
			return onServer("start server %d", s, s.(ensemble.Stopper).Start(ctx))
		})
	})
}

// end ends the turns after the present one, does the rest, and waits until all servers serve.
func (e *rolled) end(ctx context.Context, rest func() error) error {
	e.begin.Do(func() { close(e.ended) }) // the roll never began
	e.cancel()
	select {
	case <-e.ended:
	case <-ctx.Done():
		return fmt.Errorf("a server's turn in the rolling restart does not end: %w", ctx.Err())
	}
	if e.healed {
		return nil
	}
	if err := errors.Join(errors.Join(e.takeErrors()...), rest()); err != nil {
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
