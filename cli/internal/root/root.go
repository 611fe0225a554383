// Package root puts all commands of zklab under one root, with the help that groups their flags, and performs command
// lines. Package cli calls it with the recipes that a program passes.
package root

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/clients"
	"github.com/zklab/zklab/cli/internal/ensembles"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/manyruns"
	"github.com/zklab/zklab/cli/internal/storedruns"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/specimens"
)

// Execute runs one command line of a program with a catalog, and returns its exit code. It is safe for
// concurrent use.
func Execute(catalog specimens.Catalog, args []string, stdout, stderr io.Writer) (code int) {
	stdout, stderr = terminal.Legible(stdout), terminal.Legible(stderr)
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "error: bug in zklab: %v\n%s", p, debug.Stack())
			code = usage.ExitDefect
		}
	}()
	begun := false
	root := New(catalog, &begun)
	if usage.IsCompletion(args) {
		usage.RegisterCompletions(root)
	}
	renamed := usage.Rename(root)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	return usage.Finish(err, !begun, renamed, stderr)
}

// New returns the command tree. begun is set once the arguments are parsed: an error before
// that is wrong usage.
func New(catalog specimens.Catalog, begun *bool) *cobra.Command {
	root := &cobra.Command{
		Use:           catalog.Program(),
		Short:         "Test ZooKeeper recipes under faults, and check whether they keep their promises",
		Version:       version.Line(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usage.NoArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := usage.NoneEmpty(cmd.Flags()); err != nil {
				return err
			}
			*begun = true
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetFlagErrorFunc(usage.WrongFlag)
	root.SetHelpCommand(usage.NewHelp())
	root.AddCommand(slices.Concat(
		experiments.Commands(catalog, manyruns.Repeat(catalog)), manyruns.Commands(catalog), storedruns.Commands(catalog), ensembles.Commands(), clients.Commands(),
	)...)
	root.AddCommand(usage.NewCompletion())
	groupFlags(root)
	return root
}
