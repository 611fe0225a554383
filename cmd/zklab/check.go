package main

import (
	"context"
	"fmt"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/store"
)

func newCheck() *cobra.Command {
	var opts checker.Options
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check PATH",
		Short: "Decide a stored run, or a bare history, again",
		Long:  "Check decides from the record alone and writes nothing. PATH is a run's folder, latest, or a\nhistory file. Exit codes are those of run.",
		Args:  pathArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Budget <= 0 {
				return usageError("--budget must be more than zero")
			}
			run, err := store.Open(out, args[0])
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
			defer stop()
			context.AfterFunc(ctx, stop) // a second one ends the process
			result, err := zklab.Judge(ctx, run, opts)
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted: %w", ctx.Err())
			}
			return printResult(cmd, run, result, asJSON)
		},
	}
	cmd.Flags().DurationVar(&opts.Budget, "budget", 60*time.Second, "time for all checks together; what is not decided by then is unknown")
	cmd.Flags().BoolVar(&opts.Strict, "strict", false, "let measured properties (belief) decide, too")
	cmd.Flags().StringVar(&out, "out", "store", "folder of the stored runs, for latest")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}
