package cli

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/samples"
)

// exitOfGates is the exit code of a verdict and gates: a violation or a gate that is exceeded comes
// before what is undecided.
func exitOfGates(verdict int, judged []gates.Result) int {
	code := verdict
	for _, g := range judged {
		switch {
		case g.Result == gates.Exceeded:
			code = exitViolation
		case g.Result == gates.Undecided && code == exitValid:
			code = exitUnknown
		}
	}
	return code
}

// gateFlag adds the flag for bounds, and completes the names of metrics.
func gateFlag(cmd *cobra.Command, given *[]string) {
	cmd.Flags().StringArrayVar(given, "gate", nil, "bound that a metric must stay below, such as 'failover(kill:leader).p95<10s' or 'errors<1%'; may be given several times (see docs/compare.md)")
	completes(cmd, "gate", func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []cobra.Completion
		for _, m := range samples.Metrics {
			names = append(names, cobra.CompletionWithDesc(m.Name, m.About))
		}
		left, _ := beginning(toComplete, names)
		return left, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}
