package usage

import (
	"github.com/spf13/cobra"
)

// NewHelp returns a help command like cobra's, except that an unknown topic is wrong usage.
func NewHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",

		ValidArgsFunction: helpTopic,
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err == nil {
				err = NoArgs(topic, rest)
			}
			if err != nil {
				return Errorf("no help: %v", err)
			}
			return topic.Help()
		},
	}
}

// helpTopic completes the commands below those that are already typed.
func helpTopic(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var values []cobra.Completion
	if topic, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
		for _, c := range topic.Commands() {
			if c.IsAvailableCommand() {
				values = append(values, cobra.CompletionWithDesc(c.Name(), c.Short))
			}
		}
	}
	return Beginning(toComplete, values)
}
