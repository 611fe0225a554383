package usage

import "github.com/spf13/cobra"

// VerboseFlag adds --verbose to a command that prints verdicts.
func VerboseFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("verbose", false, "print all that there is to tell of the verdict; without it, what fits a screen")
}

// Verbose reports whether a command was given --verbose.
func Verbose(cmd *cobra.Command) bool {
	full, err := cmd.Flags().GetBool("verbose")
	return err == nil && full
}
