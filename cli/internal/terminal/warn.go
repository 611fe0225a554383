package terminal

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Warn prints a line on the standard error of a command.
func Warn(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), "zklab: "+format+"\n", args...)
}
