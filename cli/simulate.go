package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/store"
)

// simulateFlags are the same for all commands that simulate.
func simulateFlags(cmd *cobra.Command, x *store.Experiment) {
	cmd.Flags().BoolVar(&x.Simulate, "simulate", false, "run in virtual time, with the same result for the same seed (see docs/simulation.md)")
	completes(cmd, "latencies", choiceOf(embedded.Spreads...))
}

// simulatedServers returns the servers of an experiment that is to be simulated.
func simulatedServers(x store.Experiment, ports []int) (ensemble.Starter, error) {
	switch {
	case !slices.Contains(allKinds, x.Ensemble):
		return nil, unknownKind(x.Ensemble)
	case x.Ensemble != inProcess:
		return nil, usageError("only the %s ensemble can be simulated: leave out --ensemble or --simulate", inProcess)
	case x.Image != "":
		return nil, valueError{field: "image", problem: "is for containers, which cannot be simulated: leave it out, or leave out --simulate"}
	case len(ports) > 0:
		return nil, usageError("simulated servers have no ports: leave out --ports or --simulate")
	case x.SubjectCommand != "":
		return nil, usageError("clients that run a command cannot be simulated: leave out --simulate")
	}
	if err := embedded.ValidateNodes(x.Nodes); err != nil {
		return nil, usageError("%v", err)
	}
	c := embedded.Config{Nodes: x.Nodes, InMemory: true}
	if x.Latencies != "" {
		spread, err := embedded.ParseSpread(x.Latencies)
		if err != nil {
			return nil, valueError{field: "latencies", problem: ": " + err.Error()}
		}
		c.Spread = spread
	}
	return c, nil
}
