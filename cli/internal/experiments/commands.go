package experiments

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/workloads"
)

// Commands returns the commands of this package for a program with a catalog. repeat performs the runs of --repeat.
// A new command is a line here.
func Commands(catalog workloads.Catalog, repeat Repeater) []*cobra.Command {
	return []*cobra.Command{newRun(catalog, repeat), newInit(catalog), newConform(), newWorker(catalog), newOverlay()}
}

// Unsupervised lists the commands whose parent looks after them, and stops and kills just their process.
var Unsupervised = []string{workerName}
