package terminal

import (
	"fmt"

	"github.com/spf13/cobra"
)

func Warn(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), "zklab: "+format+"\n", args...)
}
