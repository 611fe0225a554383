package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
)

// linksAvailable checks that links between servers can be harmed: a single server has none.
func linksAvailable(e ensemble.Ensemble, nodes Nodes) error {
	if len(e.Servers()) < 2 {
		return errors.New("a single server has no links to others")
	}
	return nodes.available(e)
}

// linksEffect is an effect on all links of some servers.
type linksEffect struct {
	effect
	target *Target
	set    func(ctx context.Context, l oneWay, on bool) error
	links  []oneWay
	probes probes        // one through each of the servers
	before time.Duration // the quickest write before the fault
}

// inject chooses servers, measures how quick they are, and changes their links.
func (e *linksEffect) inject(ctx context.Context, nodes Nodes, rng *rand.Rand) error {
	servers, err := nodes.choose(ctx, e.target, rng)
	if err != nil {
		return err
	}
	if e.release, err = e.target.claim("network"); err != nil {
		return err
	}
	n := network{}
	n.cutBoth(idsOf(servers), idsOf(e.target.Ensemble.Servers()))
	e.links = n.cut
	e.step.Servers = idsOf(servers)
	if err := e.change(ctx, servers); err != nil {
		return undo(ctx, e, err)
	}
	return nil
}

func (e *linksEffect) change(ctx context.Context, servers []ensemble.Server) (err error) {
	if e.probes, err = openProbes(ctx, e.target.Ensemble, servers); err != nil {
		return fmt.Errorf("with nothing done: %w: %w", err, ErrNoTarget)
	}
	if e.before, err = e.probes.quickest(ctx); err != nil {
		return err
	}
	for _, l := range e.links {
		if err := e.put(ctx, l, true); err != nil {
			return err
		}
	}
	return nil
}

// put calls set, and wraps its error in one that names the link.
func (e *linksEffect) put(ctx context.Context, l oneWay, on bool) error {
	if err := e.set(ctx, l, on); err != nil {
		return fmt.Errorf("the link from server %d to %d: %w", l.from, l.to, err)
	}
	return nil
}

// Heal restores all links.
func (e *linksEffect) Heal(ctx context.Context) error {
	return e.once(func() error {
		if err := inTurn(e.links, func(l oneWay) error { return e.put(ctx, l, false) }); err != nil {
			return err
		}
		e.probes.close()
		return nil
	})
}
