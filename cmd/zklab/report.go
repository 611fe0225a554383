package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/store"
)

func newReport() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "report PATH",
		Short: "Write a stored run's report and plots again",
		Long:  "Report decides the run's history and writes result.json, report.html, junit.xml and the plots\nanew, also for a run that crashed before it could. PATH is a run's folder or latest.",
		Args:  pathArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			run, err := store.Open(out, args[0])
			if err != nil {
				return err
			}
			if run.Bare() {
				return fmt.Errorf("%s is a bare history: a report needs a run's folder; use zklab check", run.Path())
			}
			if err := rewrite(run); err != nil {
				return err
			}
			fmt.Fprintln(exact(cmd.OutOrStdout()), run.Report())
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "store", "folder of the stored runs, for latest")
	return cmd
}

// rewrite judges a run as strictly as before and writes everything that
// follows from its record.
func rewrite(run *store.Run) error {
	strict := false
	if old, err := run.ReadResult(); err == nil {
		strict = old.Strict
	}
	result, err := zklab.Judge(context.Background(), run, checker.Options{Strict: strict})
	if err != nil {
		return err
	}
	if err := run.WriteResult(result); err != nil {
		return err
	}
	return reports.Write(run)
}
