package experiments

import "github.com/spf13/cobra"

// Commands makes the commands of this room. repeat performs the runs of --repeat. A new command is a line here.
func Commands(repeat Repeater) []*cobra.Command {
	return []*cobra.Command{newRun(repeat), newInit(), newConform(), newWorker(), newOverlay()}
}

// Unsupervised lists the commands whose parent looks after them, and stops and kills just their process.
var Unsupervised = []string{workerName}
