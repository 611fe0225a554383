package experiments

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/store"
)

// simulateFlags declares the flags of simulations, the same for all commands that simulate.
func simulateFlags(cmd *cobra.Command, x *store.Experiment) {
	cmd.Flags().BoolVar(&x.Simulate, "simulate", false, "run in virtual time, with the same result for the same seed (see docs/simulation.md)")
	usage.Completes(cmd, "latencies", usage.ChoiceOf(embedded.Spreads...))
}

// simulatedServers returns the servers of an experiment that is to be simulated.
func simulatedServers(x store.Experiment, ports []int) (ensemble.Starter, error) {
	switch {
	case !slices.Contains(backend.AllKinds, x.Ensemble):
		return nil, backend.UnknownKind(x.Ensemble)
	case x.Ensemble != backend.InProcess:
		return nil, usage.Errorf("only the %s ensemble can be simulated: leave out --ensemble or --simulate", backend.InProcess)
	case x.Image != "":
		return nil, usage.ValueError{Field: "image", Problem: "is for containers, which cannot be simulated: leave it out, or leave out --simulate"}
	case len(ports) > 0:
		return nil, usage.Errorf("simulated servers have no ports: leave out --ports or --simulate")
	case x.SubjectCommand != "":
		return nil, usage.Errorf("clients that run a command cannot be simulated: leave out --simulate")
	}
	if err := embedded.ValidateNodes(x.Nodes); err != nil {
		return nil, usage.Errorf("%v", err)
	}
	if err := backend.ValidateUpgrade(x.UpgradeTo); err != nil {
		return nil, err
	}
	c := embedded.Config{Nodes: x.Nodes, InMemory: true, UpgradeTo: x.UpgradeTo}
	if x.Latencies != "" {
		spread, err := embedded.ParseSpread(x.Latencies)
		if err != nil {
			return nil, usage.ValueError{Field: "latencies", Problem: ": " + err.Error()}
		}
		c.Spread = spread
	}
	return c, nil
}
