package storedruns

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/schemas"
)

// schemasNamed has the schemas by the names of their files, without extension.
var schemasNamed = map[string][]byte{"experiment": schemas.Experiment, "result": schemas.Result}

func newSchema() *cobra.Command {
	names := slices.Sorted(maps.Keys(schemasNamed))
	return &cobra.Command{
		Use:   "schema " + strings.Join(names, "|"),
		Short: "Print the JSON Schema of experiment.yaml or result.json",
		Long: "Schema prints the JSON Schema of a file: that of experiment.yaml, by which editors complete and check\n" +
			"experiments, or that of result.json, for programs that read results.",
		Example:           "  zklab schema experiment > experiment.schema.json",
		ValidArgsFunction: usage.FirstArgument(usage.ChoiceOf(names...)),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("schema needs one name: %s", strings.Join(names, " or "))
			}
			if schemasNamed[args[0]] == nil {
				return fmt.Errorf("unknown schema %q%sknown are %s", args[0], nearest.DidYouMean(args[0], names), strings.Join(names, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := terminal.Exact(cmd.OutOrStdout()).Write(schemasNamed[args[0]])
			return err
		},
	}
}
