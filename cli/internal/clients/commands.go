package clients

import "github.com/spf13/cobra"

// Commands makes the commands of this room. A new command is a line here.
func Commands() []*cobra.Command {
	return []*cobra.Command{newShell(), newMonitor(), newLock(), newElect(), newRegister(), newDiscover(), newGuardian()}
}

// Unsupervised lists the commands that run without a supervisor: they, or the programs that they run, read
// what is typed, which only the terminal's own group of processes may. lock looks after the guardian itself.
var Unsupervised = []string{shellName, monitorName, lockName, electName, registerName, guardianName}
