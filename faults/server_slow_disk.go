package faults

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// SlowDisk delays disk writes of servers: a server acknowledges nothing before
// it is written. Slowing fewer than a majority would have no effect, since the others
// commit without them. The zero value slows a majority by 100 ms.
type SlowDisk struct {
	Nodes Nodes // Majority or All
	By    time.Duration
}

var slowDiskWords = words{list: []string{string(Majority), string(All)}}

var _ = declare(kinds.SlowDisk, Kind{
	About:   "delays disk writes of servers",
	guide:   []row{{"", "disk writes are delayed", "no write is faster", "no delay"}},
	words:   slowDiskWords,
	Options: []Option{byOption},
	build:   func(a arguments) Fault { return SlowDisk{Nodes: Nodes(a.word), By: a.by()} },
})

// Kind returns "slow-disk".
func (SlowDisk) Kind() string { return kinds.SlowDisk.Name }

// Spec returns slow-disk, with :<nodes> and :by=<duration> where they were given.
func (f SlowDisk) Spec() string { return specBy(kinds.SlowDisk, f.Nodes, f.By) }

// Available checks that the servers' disks can be slow.
func (f SlowDisk) Available(s Setting) error {
	if err := everyServer[ensemble.DiskSlower](s.Ensemble, "%s ensembles cannot slow down servers' disks"); err != nil {
		return err
	}
	if n := f.Nodes.or(Majority); slowDiskWords.wrong(string(n)) != nil {
		return fmt.Errorf("slow-disk:%s would affect no client: give majority or all", n)
	}
	return validBy(f.By)
}

// Inject slows the disks down.
func (f SlowDisk) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(Majority)
	f.By = cmp.Or(f.By, slowness)
	servers, release, err := f.Nodes.take(ctx, t, rng, "disk")
	if err != nil {
		return nil, err
	}
	e := &slowDisks{servers: servers, by: f.By, effect: t.hit(f.Spec(), servers, release)}
	if err := e.inject(ctx, t); err != nil {
		return nil, undo(ctx, e, err)
	}
	return e, nil
}

// slowDisks are slow disks.
type slowDisks struct {
	effect
	servers []ensemble.Server
	by      time.Duration
	probes  probes        // one, through the leader
	before  time.Duration // the quickest write before the fault
}

func (e *slowDisks) inject(ctx context.Context, t *Target) error {
	leader, err := leaderOf(ctx, t.Ensemble.Servers())
	if err != nil {
		return err
	}
	if e.probes, err = openProbes(ctx, t.Ensemble, []ensemble.Server{leader}); err != nil {
		return fmt.Errorf("with nothing done: %w: %w", err, ErrNoTarget)
	}
	if e.before, err = e.probes.quickest(ctx); err != nil {
		return err
	}
	for _, s := range e.servers {
		if err := s.(ensemble.DiskSlower).SlowDisk(ctx, e.by); err != nil {
			return fmt.Errorf("slow the disk of server %d down: %w", s.ID(), err)
		}
	}
	return nil
}

// Verify writes: one server of every majority waits for its disk.
func (e *slowDisks) Verify(ctx context.Context) (err error) {
	e.step.Detail, err = e.probes.slower(ctx, e.before, e.by, slowThing{"the disks were slow", "slow disks", "disks that take"})
	return err
}

// Heal makes the disks quick again.
func (e *slowDisks) Heal(ctx context.Context) error {
	return e.once(func() error {
		err := inTurn(e.servers, func(s ensemble.Server) error {
			return onServer("make the disk of server %d quick again", s, s.(ensemble.DiskSlower).SlowDisk(ctx, 0))
		})
		if err == nil {
			e.probes.close()
		}
		return err
	})
}
