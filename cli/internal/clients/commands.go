package clients

import "github.com/spf13/cobra"

// Commands returns the commands of this package. A new command is a line here.
func Commands() []*cobra.Command {
	return []*cobra.Command{newShell(), newMonitor(), newLock(), newElect(), newRegister(), newDiscover(), newGuardian()}
}

// Unsupervised lists the commands that run without a supervisor: they, or the programs that they run, read
// from the terminal, which only the terminal's foreground process group may do. lock supervises the guardian
// itself.
var Unsupervised = []string{shellName, monitorName, lockName, electName, registerName, guardianName}
