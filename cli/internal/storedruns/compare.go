package storedruns

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats/gates"
)

// comparing holds what the command line asks for.
type comparing struct {
	known  specimens.Catalog
	out    string
	page   string
	json   bool
	format string
	gates  []string
}

// Forms of output.
const (
	asText     = "text"
	asBenchfmt = "benchfmt"
)

func newCompare(known specimens.Catalog) *cobra.Command {
	c := comparing{known: known}
	cmd := &cobra.Command{
		Use:   "compare A B...",
		Short: "Compare runs or sweeps: times, verdicts, findings",
		Long: "Compare compares groups of runs with the first group: latencies, fail-overs, hand-overs, verdicts\n" +
			"and findings. Each argument is a group: the folder of a run or a sweep, an archive of a sweep, a\n" +
			"pattern for several of them (in quotes), or a label (--label of zklab run and zklab sweep).\n\n" +
			"It says first what limits the comparison. For evidence of a difference, each group needs several\n" +
			"runs (zklab run --repeat 20). docs/compare.md explains the table.\n\n" +
			"Exit codes: 0, unless a --gate is exceeded (1) or undecided (2); 3 could not be read, 64 wrong usage.",
		Example: "  zklab run lock --faults kill:leader --repeat 20 --label before\n" +
			"  zklab compare before after --page compare.html\n" +
			"  zklab compare before after --gate 'acquire.p99<+10%' --gate 'failover(kill:leader).median<5s'\n" +
			"  zklab compare before after --format benchfmt > times.txt; benchstat -col group times.txt",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return fmt.Errorf("compare needs two groups or more: folders of runs or sweeps, archives, patterns or labels")
			}
			return nil
		},
		ValidArgsFunction: storedRun,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&c.out, "out", "store", "folder of the stored runs and sweeps, in which labels are looked up")
	flags.StringVar(&c.page, "page", "", "file for a page with plots; each plot is also written beside it, as SVG and PNG")
	flags.BoolVar(&c.json, "json", false, "print the comparison as JSON")
	flags.StringVar(&c.format, "format", asText, "form of the output: text, or benchfmt (Go's benchmark format, for benchstat)")
	verdicts.GateFlag(cmd, &c.gates)
	usage.CompletesFiles(cmd, "out", "page")
	usage.Completes(cmd, "format", usage.ChoiceOf(asText, asBenchfmt))
	return cmd
}

func (c *comparing) run(cmd *cobra.Command, args []string) error {
	if c.format != asText && c.format != asBenchfmt {
		return usage.Errorf("--format is %s or %s, not %q", asText, asBenchfmt, c.format)
	}
	if c.json && c.format != asText {
		return usage.Errorf("--json and --format exclude each other: leave one out")
	}
	if err := usage.WritablePage(c.page); err != nil {
		return err
	}
	if _, err := gates.ParseAll(c.gates, nil, true); err != nil { // of whatever recipe
		return usage.Errorf("--%v", err)
	}
	var groups []*compare.Group
	for _, argument := range args {
		g, err := compare.Locate(c.out, argument, c.known.Declared)
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	gates, err := gates.ParseAll(c.gates, verdicts.Gated(c.known, groups[0].Recipe), true)
	if err != nil {
		return usage.Errorf("--%v", err)
	}
	for _, g := range groups {
		if err := g.Read(gates); err != nil {
			return err
		}
	}
	result := compare.Compare(groups, gates)
	if c.page != "" {
		if err := reports.WriteComparison(c.page, result); err != nil {
			return err
		}
	}
	out := cmd.OutOrStdout()
	switch {
	case c.json:
		err = terminal.PrintJSON(out, result)
	case c.format == asBenchfmt:
		err = compare.WriteBenchmarks(out, groups)
	default:
		_, err = io.WriteString(out, reports.CompareSummary(result, c.page, verdicts.Screen(cmd, false)))
	}
	if code := verdicts.ExitOfGates(usage.ExitValid, result.Gates); err == nil && code != usage.ExitValid {
		return usage.VerdictError{Code: code}
	}
	return err
}
