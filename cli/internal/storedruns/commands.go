package storedruns

import "github.com/spf13/cobra"

// Commands makes the commands of this room. A new command is a line here.
func Commands() []*cobra.Command {
	return []*cobra.Command{
		newReplay(), newShrink(), newCheck(), newReport(), newCompare(), newExport(),
		newList(), newOpen(), newServe(), newPrune(), newSchema(),
	}
}
