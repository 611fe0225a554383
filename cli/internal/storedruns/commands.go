package storedruns

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// Commands returns the commands of this package for a program that knows some recipes. A new command is a line
// here.
func Commands(known specimens.Catalog) []*cobra.Command {
	return []*cobra.Command{
		newReplay(known), newShrink(known), newCheck(known), newReport(known), newCompare(known), newExport(known),
		newList(known), newOpen(known), newServe(known), newPrune(known), newSchema(),
	}
}

// open is like [store.Open], for a program that knows some recipes: their declarations decide how the
// run is judged.
func open(known specimens.Catalog, root, path string) (*store.Run, error) {
	run, err := store.Open(root, path)
	if err == nil {
		run.Declares = known.Declared
	}
	return run, err
}

// openWhole is open for commands that repeat the run's experiment.
func openWhole(known specimens.Catalog, root, path string) (*store.Run, error) {
	run, err := open(known, root, path)
	if err == nil && run.Bare() {
		err = usage.Errorf("%s is only a history: name the folder of a run, which has an experiment.yaml", path)
	}
	return run, err
}
