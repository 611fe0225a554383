package manyruns

import "github.com/spf13/cobra"

// Commands makes the commands of this room. A new command is a line here.
func Commands() []*cobra.Command {
	return []*cobra.Command{newSweep(), newMerge(), newSweepWorker(), newExplore(), newExploreWorker()}
}

// Unsupervised lists the commands whose parent looks after them, and stops and kills just their process.
var Unsupervised = []string{sweepWorkerName, exploreWorkerName}
