package experiments

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/subjects/adapter"
)

func newConform() *cobra.Command {
	var c adapter.Conformance
	var logs bool
	var file string
	cmd := &cobra.Command{
		Use:   "conform [flags] COMMAND [ARGUMENT...]",
		Short: "Check that a program speaks the adapter protocol",
		Long: "Conform starts COMMAND repeatedly on an embedded ensemble, and checks that it does\n" +
			"what docs/adapter-protocol.md requires of an adapter. A single COMMAND is a shell command line, as in\n" +
			"--subject-command; with arguments it runs without a shell. The exit code is 1 if a check failed.",
		Example: `  zklab conform 'python3 adapter.py'
  zklab conform --recipe lock,queue python3 adapter.py
  zklab conform --object tickets.yaml 'python3 tickets.py'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || strings.TrimSpace(args[0]) == "" {
				return fmt.Errorf("conform needs the command of an adapter, such as 'python3 adapter.py'")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Patience <= 0 {
				return usage.Errorf("--patience must be more than zero")
			}
			if err := adapter.KnownRecipes(c.Recipes); err != nil {
				return usage.Errorf("%v", err)
			}
			if file != "" {
				var err error
				if c.Declared, err = declaredObject(cmd, file); err != nil {
					return err
				}
			}
			c.Command = args
			if len(args) == 1 {
				c.Command = adapter.Shell(args[0])
			}
			if logs {
				c.Logf = func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), "adapter: "+format+"\n", args...) }
			}
			ctx, stop := terminal.UntilSignal()
			defer stop()
			return conform(ctx, c, cmd.OutOrStdout())
		},
	}
	cmd.Flags().SetInterspersed(false) // flags after COMMAND belong to it
	cmd.Flags().StringSliceVar(&c.Recipes, "recipe", nil, "recipes to check, which the program must support (default: all that it supports)")
	cmd.Flags().StringVar(&file, "object", "", "file that declares objects of a kind that zklab does not know, to check instead of recipes")
	cmd.Flags().DurationVar(&c.Patience, "patience", 10*time.Second, "longest time for an answer that should come at once")
	cmd.Flags().BoolVar(&logs, "logs", false, "show the program's standard error")
	cmd.ValidArgsFunction = usage.Files // a program and its arguments
	usage.CompletesFiles(cmd, "object")
	usage.Completes(cmd, "recipe", usage.ListOf(adapter.ConformRecipes))
	cmd.AddCommand(newConformServers())
	return cmd
}

// conform runs the check and prints a line for each result.
func conform(ctx context.Context, c adapter.Conformance, stdout io.Writer) error {
	failed := 0
	c.OnResult = func(r adapter.Result) {
		fmt.Fprintf(stdout, "%-16s %-17s %-12s %5.1fs", r.Recipe, r.Check, r.Outcome, r.Took.Seconds())
		if r.Detail != "" {
			fmt.Fprintf(stdout, "  %s", strings.ReplaceAll(r.Detail, "\n", "; "))
		}
		fmt.Fprintln(stdout)
		if r.Outcome == adapter.Failed {
			failed++
		}
	}
	results, err := adapter.Conform(ctx, c)
	if err != nil && failed == 0 {
		return err
	}
	if failed > 0 {
		fmt.Fprintf(stdout, "%d of %d checks failed\n", failed, len(results))
		return usage.VerdictError{Code: usage.ExitViolation}
	}
	return nil
}
