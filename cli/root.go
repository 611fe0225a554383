package cli

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/internal/base/program"
	"github.com/zklab/zklab/internal/base/version"
)

// execute runs one command line and gives its exit code.
func execute(args []string, stdout, stderr io.Writer) (code int) {
	stdout, stderr = legible(stdout), legible(stderr)
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "error: bug in zklab: %v\n%s", p, debug.Stack())
			code = exitDefect
		}
	}()
	begun := false
	root := newRoot(&begun)
	commands := rename(root)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	return finish(err, !begun, commands, stderr)
}

// newRoot makes the command tree. begun is set once the arguments were
// understood: an error before that is wrong usage.
func newRoot(begun *bool) *cobra.Command {
	root := &cobra.Command{
		Use:           program.Name(),
		Short:         "Test ZooKeeper recipes under faults, and check whether they keep their promises",
		Version:       version.Line(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := noneEmpty(cmd.Flags()); err != nil {
				return err
			}
			*begun = true
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SetFlagErrorFunc(wrongFlag)
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newRun(repeat), newSweep(), newMerge(), newCompare(), newExport(), newExplore(), newShrink(), newReplay(), newCheck(), newReport(), newServe(), newOpen(), newList(), newDoctor(), newImage(), newClean(), newPrune(),
		newOverlay(), newInit(), newSchema(), newEnsemble(), newShell(), newMonitor(), newLock(), newElect(), newRegister(), newDiscover(), newWorker(), newConform(), newSweepWorker(), newExploreWorker(), newGuardian(), newCompletion(),
	)
	groupFlags(root)
	return root
}
