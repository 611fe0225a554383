package experiments

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/specimens"
)

// Commands returns the commands of this package for a program with a catalog. repeat performs the runs of --repeat.
// A new command is a line here.
func Commands(catalog specimens.Catalog, repeat Repeater) []*cobra.Command {
	return []*cobra.Command{newRun(catalog, repeat), newInit(catalog), newConform(), newWorker(catalog), newOverlay()}
}

// Unsupervised lists the commands without a supervisor: their parent watches over them, and stops and kills
// exactly their process.
var Unsupervised = []string{workerName}
