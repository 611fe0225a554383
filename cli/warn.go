package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func warn(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), "zklab: "+format+"\n", args...)
}
