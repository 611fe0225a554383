package ensembles

import "github.com/spf13/cobra"

// Commands makes the commands of this room. A new command is a line here, or in newEnsemble.
func Commands() []*cobra.Command {
	return []*cobra.Command{newEnsemble(), newDoctor(), newImage(), newClean()}
}
