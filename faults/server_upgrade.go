package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// Upgrade has the servers come back as another version of ZooKeeper, on the data that they have, while clients work:
// one after the other, the followers first and the leader last (Administrator's Guide, Rolling Upgrade). Each waits
// until the one before serves again, tells the other version, and has committed a write. The ensemble must be started
// with a second version. The turns are spread over the time that the fault lasts; it ends after the last turn.
//
// What is left undone when the fault is to end is done then, so that no upgrade stays half-way. Only a first server
// that did not come back as the other version goes back to the version that it had. Servers keep their new version
// for the rest of the run, so a second upgrade finds no target. No other fault hits servers or their network
// meanwhile: the turns are for servers that all serve.
type Upgrade struct{}

var _ = declare(kinds.Upgrade, Kind{
	About: "restarts the servers one by one as another version, the leader last",
	guide: []row{{"", "all servers are shut down and come back as another version with their data, one by one, the leader last; each waits until the one before serves and commits a write. The ensemble must be started with a second version", "the first server serves and tells another version than before", "the other servers have their turns, too: an upgrade is never left half-way"}},
	build: func(arguments) Fault { return Upgrade{} },
})

// Kind returns "upgrade".
func (Upgrade) Kind() string { return kinds.Upgrade.Name }

// Spec returns "upgrade".
func (f Upgrade) Spec() string { return f.Kind() }

// Available checks that the ensemble was started with a second version.
func (Upgrade) Available(s Setting) error {
	return everyServer[ensemble.Upgrader](s.Ensemble, "zklab upgrades only ensembles that it has started, and this one is %s", ensemble.CanUpgrade)
}

// Warn returns a warning if the time is too short for all servers.
func (Upgrade) Warn(prof ensemble.Profile, lasts time.Duration) string {
	return tooShortFor("a rolling upgrade", prof, lasts)
}

// Inject stops the first server.
func (f Upgrade) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	all := t.Ensemble.Servers()
	claims := append(claimsOf("server", all), "network")
	release, err := t.claim(claims...)
	if err != nil {
		return nil, err
	}
	before, err := versionsBefore(ctx, all)
	if err != nil {
		release()
		return nil, err
	}
	e := &upgraded{rolled: newRolled(t, leaderLast(ctx, all, rng), f.Spec(), release, claims), before: before}
	e.down, e.turned = e.change, e.cameBack
	if err := e.stop(ctx, e.servers[0]); err != nil {
		return nil, undo(ctx, e, err)
	}
	return e, nil
}

// versionsBefore returns the version that each server tells, if all serve and none is upgraded yet.
func versionsBefore(ctx context.Context, servers []ensemble.Server) (map[int]string, error) {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	told := map[int]string{}
	for _, s := range servers {
		if done, err := s.(ensemble.Upgrader).Upgraded(ctx); err != nil || done {
			return nil, errors.Join(err, fmt.Errorf("server %d is upgraded already: %w", s.ID(), ErrNoTarget))
		}
		status, err := s.Status(ctx)
		if err != nil {
			return nil, fmt.Errorf("server %d does not tell its version: %w: %w", s.ID(), err, ErrNoTarget)
		}
		told[s.ID()] = status.Version
	}
	return told, nil
}

// upgraded is a rolling upgrade.
type upgraded struct {
	*rolled
	before map[int]string // what each server told before

	to string // what the first server told when it came back, guarded by mu
}

// change makes a server that has ended the other version.
func (*upgraded) change(ctx context.Context, s ensemble.Server) error {
	return onServer("upgrade server %d", s, s.(ensemble.Upgrader).SetUpgraded(ctx, true))
}

// cameBack waits until a server that was started tells its version, which must be the other one, and until it has
// everything: it commits a write. Other faults may delay that, as slow disks do.
func (e *upgraded) cameBack(ctx context.Context, s ensemble.Server) error {
	for {
		status, err := s.Status(ctx)
		if err == nil {
			if err := e.is(s, status.Version); err != nil {
				return err
			}
			return haveAll(ctx, e.target.Ensemble, []ensemble.Server{s})
		}
		if !doze(ctx, lookAgain) {
			return onServer("server %d was started and does not tell its version", s, err)
		}
	}
}

// is checks the version that a server tells after its turn: another one than before, and the same of all servers.
func (e *upgraded) is(s ensemble.Server, version string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case version == e.before[s.ID()]:
		return fmt.Errorf("server %d came back as %s, the version that it had", s.ID(), version)
	case e.to != "" && version != e.to:
		return fmt.Errorf("server %d came back as %s, and the first one as %s", s.ID(), version, e.to)
	}
	e.to = version
	return nil
}

// Describe tells which servers came back, and as which version.
func (e *upgraded) Describe() history.FaultStep {
	e.mu.Lock()
	defer e.mu.Unlock()
	step := e.step
	switch len(e.done) {
	case 0:
	case 1:
		step.Detail = fmt.Sprintf("server %d came back as %s; it was %s", e.done[0], e.to, e.before[e.done[0]])
	default:
		step.Detail = fmt.Sprintf("servers %s came back as %s in turn; they were %s", prose.Numbers(e.done), e.to, e.before[e.done[0]])
	}
	return step
}

// Verify sees that the first server is down, gives it its turn, and lets the upgrade go on when it came back as the
// other version.
func (e *upgraded) Verify(ctx context.Context) error {
	if err := e.isDown(ctx, e.servers[0]); err != nil {
		return err
	}
	if err := e.turn(ctx, e.servers[0], true); err != nil {
		return err
	}
	e.goOn(ctx, 1)
	return nil
}

// Heal completes the upgrade. If no server came back as the other version, the first one goes back to its own.
func (e *upgraded) Heal(ctx context.Context) error {
	return e.end(ctx, func() error {
		done := e.had()
		if len(done) == 0 {
			return e.goBack(ctx, e.servers[0].(ensemble.Upgrader))
		}
		for _, s := range e.servers {
			if slices.Contains(done, s.ID()) {
				continue
			}
			if err := e.turn(ctx, s, false); err != nil {
				return err
			}
		}
		return nil
	})
}

// goBack starts a server as the version that it had.
func (e *upgraded) goBack(ctx context.Context, s ensemble.Upgrader) error {
	server := s.(ensemble.Server)
	if is, err := s.Upgraded(ctx); err != nil || is {
		if err != nil {
			return onServer("look at server %d", server, err)
		}
		if err := s.Stop(ctx); err != nil {
			return onServer("stop server %d", server, err)
		}
		if err := s.SetUpgraded(ctx, false); err != nil {
			return onServer("take back the upgrade of server %d", server, err)
		}
	}
	return onServer("start server %d", server, s.Start(ctx))
}
