package manyruns

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/workloads"
)

// Commands returns the commands of this package for a program with a catalog. A new command is a line
// here.
func Commands(catalog workloads.Catalog) []*cobra.Command {
	return []*cobra.Command{newSweep(catalog), newMerge(catalog), newMatrix(catalog), newSweepWorker(catalog), newExplore(catalog), newExploreWorker(catalog)}
}

// Unsupervised lists the commands whose parent looks after them, and stops and kills just their process.
var Unsupervised = []string{sweepWorkerName, exploreWorkerName}
