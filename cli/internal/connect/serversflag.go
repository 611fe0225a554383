package connect

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
)

// AddServers declares --servers for a command that also takes the servers as its argument.
func AddServers(cmd *cobra.Command) {
	cmd.Flags().String("servers", "", "servers of the ensemble, in place of the argument: host:port,...[/chroot]")
}

// WithServers returns the arguments of such a command: the servers of --servers are the argument if
// there is none.
func WithServers(cmd *cobra.Command, args []string) ([]string, error) {
	flag := cmd.Flags().Lookup("servers")
	switch servers := flag.Value.String(); {
	case !flag.Changed:
		return args, nil
	case len(args) == 0:
		return []string{servers}, nil
	case args[0] != servers:
		return nil, usage.BadFlag("--servers %s: the argument is %s: give the servers once", servers, args[0])
	}
	return args, nil
}
