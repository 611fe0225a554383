package faults

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// SlowNetwork delays everything that the chosen servers send to other servers or receive
// from them. Clients are not affected. The zero value delays all links between servers by
// 100 ms.
type SlowNetwork struct {
	Nodes Nodes
	By    time.Duration
}

var _ = declare(kinds.SlowNetwork, Kind{
	About:   "delays traffic between servers",
	guide:   []row{{"", "traffic between them and other servers is delayed", "no write is faster than the delay", "no delay"}},
	words:   nodeWords,
	Options: []Option{byOption},
	build:   func(a arguments) Fault { return SlowNetwork{Nodes: Nodes(a.word), By: a.by()} },
})

// Kind returns "slow-network".
func (SlowNetwork) Kind() string { return kinds.SlowNetwork.Name }

// Spec returns slow-network, with :<nodes> and :by=<duration> where they were given.
func (f SlowNetwork) Spec() string { return specBy(kinds.SlowNetwork, f.Nodes, f.By) }

// Available checks that links between servers can be slow.
func (f SlowNetwork) Available(s Setting) error {
	if err := theEnsemble[ensemble.Slower](s.Ensemble, "%s ensembles cannot slow down links between servers", ensemble.CanDelay); err != nil {
		return err
	}
	return errors.Join(linksAvailable(s.Ensemble, f.Nodes), validBy(f.By))
}

// Inject slows the links down.
func (f SlowNetwork) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(All)
	by := cmp.Or(f.By, slowness)
	e := &slowed{linksEffect{target: t, set: func(ctx context.Context, l oneWay, on bool) error {
		d := by
		if !on {
			d = 0
		}
		return t.Ensemble.(ensemble.Slower).Delay(ctx, l.from, l.to, d)
	}}, by}
	e.step.Spec = f.Spec()
	if err := e.inject(ctx, f.Nodes, rng); err != nil {
		return nil, err
	}
	return e, nil
}

// slowed are slow links.
type slowed struct {
	linksEffect
	by time.Duration
}

// Verify writes through each chosen server. The server's message to another one and the
// answer are both late, so no write can be quicker than twice the delay.
func (e *slowed) Verify(ctx context.Context) (err error) {
	e.step.Detail, err = e.probes.slower(ctx, e.before, 2*e.by, slowThing{"the network was slow", "a slow network", "a network that needs"})
	return err
}
