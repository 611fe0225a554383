package verdicts

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/samples"
)

// ExitOfGates returns the exit code for a verdict and gates: a violation or an exceeded gate comes
// before what is undecided.
func ExitOfGates(verdict int, judged []gates.Result) int {
	code := verdict
	for _, g := range judged {
		switch {
		case g.Result == gates.Exceeded:
			code = usage.ExitViolation
		case g.Result == gates.Undecided && code == usage.ExitValid:
			code = usage.ExitUnknown
		}
	}
	return code
}

// GateFlag adds the flag for bounds, and completes the names of metrics.
func GateFlag(cmd *cobra.Command, given *[]string) {
	cmd.Flags().StringArrayVar(given, "gate", nil, "bound that a metric must stay below, such as 'failover(kill:leader).p95<10s' or 'errors<1%'; may be given several times (see docs/compare.md)")
	usage.Completes(cmd, "gate", func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []cobra.Completion
		for _, m := range samples.Metrics {
			names = append(names, cobra.CompletionWithDesc(m.Name, m.About))
		}
		left, _ := usage.Beginning(toComplete, names)
		return left, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// Gated returns the model whose operations gates may name, or nil, which allows any, if the recipe is not known.
func Gated(catalog specimens.Catalog, recipe string) *models.Model {
	if recipe == "" {
		return nil
	}
	return catalog.Model(recipe)
}
