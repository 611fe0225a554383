package storedruns

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

func newReport(known specimens.Catalog) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:               "report PATH",
		Short:             "Write the report and plots of a stored run again",
		Long:              "Report checks the run's history again and writes result.json, report.html, junit.xml and the\nplots, even for a run that crashed before it wrote them. PATH is a run's folder or latest.",
		Example:           "  zklab report latest\n  zklab report lock/2026-01-31T12-00-00.000Z",
		Args:              pathArg,
		ValidArgsFunction: usage.FirstArgument(storedRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			collectOften()
			run, err := open(known, out, args[0])
			if err != nil {
				return err
			}
			if run.Bare() {
				return fmt.Errorf("%s is only a history: a report needs a run's folder; use zklab check", run.Path())
			}
			if err := decidable(known, run); err != nil {
				return err
			}
			collectSeldom(run)
			remarks, err := rewrite(run)
			if err != nil {
				return err
			}
			for _, r := range remarks {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+printable.Text(r, math.MaxInt))
			}
			fmt.Fprintln(terminal.Exact(cmd.OutOrStdout()), run.Report())
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "store", "folder of the stored runs, which contains latest")
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// rewrite judges a run again, as strictly as before, and writes all files that follow from its record.
// The remarks say what is wrong with the record, and whether the verdict has changed.
func rewrite(run *store.Run) (remarks []string, err error) {
	var old store.Result
	if before, err := run.ReadResult(); err == nil {
		old = *before
	}
	result, err := judge.Run(context.Background(), run, checker.Options{Strict: old.Strict})
	if err != nil {
		return nil, err
	}
	if err := run.WriteResult(result); err != nil {
		return nil, err
	}
	remarks = slices.Clone(result.JudgedWarnings)
	if old.Verdict != "" && old.Verdict != result.Verdict {
		remarks = append(remarks, fmt.Sprintf("the verdict was %s and is now %s", old.Verdict, result.Verdict))
	}
	return remarks, reports.Write(run)
}
