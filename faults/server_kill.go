package faults

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Kill kills servers (SIGKILL); healing starts them again, in any order. What a server had
// not written to its disk is lost. The zero value kills the leader.
type Kill struct {
	Nodes Nodes
}

var _ = declare(kinds.Kill, ofServers(Kind{
	About: "kills servers (SIGKILL); they are started again at the end",
	guide: []row{{"", "SIGKILL", "a connection is refused", "they are started again, and serve"}},
	words: nodeWords,
}, func(n Nodes) Fault { return Kill{n} }, Leader, One, Minority, Majority, All))

// Kind returns "kill".
func (Kill) Kind() string { return kinds.Kill.Name }

// Spec returns kill, or kill:<nodes>.
func (k Kill) Spec() string { return spec(kinds.Kill, string(k.Nodes)) }

// Available checks that the ensemble's servers can be killed.
func (k Kill) Available(s Setting) error {
	if err := everyServer[ensemble.Killer](s.Ensemble, "%s ensembles cannot kill and start servers", ensemble.CanKill); err != nil {
		return err
	}
	return k.Nodes.or(Leader).available(s.Ensemble)
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
