package manyruns

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/specimens"
)

// Commands returns the commands of this package for a program with a catalog. A new command is a line
// here.
func Commands(catalog specimens.Catalog) []*cobra.Command {
	return []*cobra.Command{newSweep(catalog), newMerge(catalog), newMatrix(catalog), newSweepWorker(catalog), newExplore(catalog), newExploreWorker(catalog)}
}

// Unsupervised lists the commands without a supervisor: their parent watches over them, and stops and kills
// exactly their process.
var Unsupervised = []string{sweepWorkerName, exploreWorkerName}
