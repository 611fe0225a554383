package faults

import (
	"context"
	"math/rand/v2"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Restart shuts servers down in good order (SIGTERM) and starts them again once they are
// seen to be down. The zero value restarts the leader.
type Restart struct {
	Nodes Nodes
}

var _ = declare(kinds.Restart, ofServers(Kind{
	About: "shuts servers down cleanly, and starts them again at once",
	guide: []row{{"", "SIGTERM, then started again at once", "a connection is refused meanwhile", "they serve"}},
	words: nodeWords,
}, func(n Nodes) Fault { return Restart{n} }, Leader, One, Majority, All))

// Kind returns "restart".
func (Restart) Kind() string { return kinds.Restart.Name }

// Spec returns restart, or restart:<nodes>.
func (r Restart) Spec() string { return spec(kinds.Restart, string(r.Nodes)) }

// Available checks that the ensemble's servers can be stopped and started.
func (r Restart) Available(s Setting) error {
	if err := canStop(s.Ensemble); err != nil {
		return err
	}
	return r.Nodes.or(Leader).available(s.Ensemble)
}

func canStop(e ensemble.Ensemble) error {
	return everyServer[ensemble.Stopper](e, "%s ensembles cannot stop and start servers", ensemble.CanStop)
}

// Inject stops the chosen servers.
func (r Restart) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	r.Nodes = r.Nodes.or(Leader)
	e, err := takeDown(ctx, t, rng, r.Nodes)
	if err != nil {
		return nil, err
	}
	e.step.Spec = r.Spec()
	if err := e.end(ctx, "stop", func(s ensemble.Server) error { return s.(ensemble.Stopper).Stop(ctx) }); err != nil {
		return nil, err
	}
	return restarted{down: e}, nil
}

// restarted ends as soon as the servers are seen to be down.
type restarted struct {
	atOnce
	*down
}
