package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newHelp is cobra's help command, but for an unknown topic, which is wrong
// usage here as everywhere.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError("no help about %q: there is no such command", strings.Join(args, " "))
			}
			return topic.Help()
		},
	}
}
