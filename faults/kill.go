package faults

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/zklab/zklab/ensemble"
)

// Kill ends servers at once (SIGKILL) and starts them again when it is healed,
// in any order. What a server had not written to its disk is lost. The zero value
// kills the leader.
type Kill struct {
	Nodes Nodes
}

var killKind = kind{
	name:     "kill",
	about:    "kills servers (SIGKILL); they are started again at the end",
	words:    nodeWords,
	word:     nodeWord,
	examples: nodeExamples,
	build:    func(a arguments) Fault { return Kill{Nodes: Nodes(a.word)} },
	vary: func(f Fault, n int, rng *rand.Rand) Fault {
		if f != (Kill{}) {
			return f
		}
		return Kill{Nodes: varyNodes(n, rng, Leader, One, Minority, Majority, All)}
	},
}

// Kind is "kill".
func (Kill) Kind() string { return "kill" }

// Spec is kill, or kill:<nodes>.
func (k Kill) Spec() string { return spec("kill", string(k.Nodes)) }

// Available asks whether the ensemble's servers can be killed.
func (k Kill) Available(s Setting) error {
	for _, server := range s.Ensemble.Servers() {
		if _, ok := server.(ensemble.Killer); !ok {
			return fmt.Errorf("servers of %s ensembles cannot be killed and started", s.Ensemble.Profile().Backend)
		}
	}
	return k.Nodes.available(s.Ensemble)
}

// Inject kills the chosen servers.
func (k Kill) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	k.Nodes = k.Nodes.or(Leader)
	e, err := takeDown(ctx, t, rng, k.Nodes)
	if err != nil {
		return nil, err
	}
	e.step.Spec = k.Spec()
	if err := e.end(ctx, "kill", func(s ensemble.Server) error { return s.(ensemble.Killer).Kill(ctx) }); err != nil {
		return nil, err
	}
	return e, nil
}
