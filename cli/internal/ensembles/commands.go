package ensembles

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/tools/control"
)

// Commands returns the commands of this package. A new command is a line here, or in one of the two lists
// below.
func Commands() []*cobra.Command {
	return []*cobra.Command{newEnsemble(), newDoctor(), newImage(), newClean()}
}

func newEnsemble() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ensemble",
		Short: "Run an ensemble for any client, and control its servers",
		Args:  usage.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUp(), newPs(), newDown(), newConfig(), newCompose(), newCheck())
	cmd.AddCommand(newControls()...)
	return cmd
}

// newControls returns the commands that control the servers of a running ensemble.
func newControls() []*cobra.Command {
	return []*cobra.Command{
		newAction(control.Kill, "Kill a server, as with SIGKILL"),
		newAction(control.Pause, "Freeze a server: its connections stay open, but it answers nothing"),
		newAction(control.Resume, "Resume a paused server"),
		newAction(control.Stop, "Shut a server down cleanly"),
		newAction(control.Start, "Start a server that is down, with its data"),
		statusCommand(new(statusFlags)),
		newExpire(),
	}
}
