package connect

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
)

// AddServers declares --servers for a command that also takes the servers as its argument.
func AddServers(cmd *cobra.Command) {
	cmd.Flags().String("servers", "", "servers of the ensemble, in place of the argument: host:port,...[/chroot]")
}

// WithServers returns the arguments of such a command: the servers of --servers take the place of a
// missing argument.
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

// AccessFlags declares the flags with the credentials and the TLS files for such an ensemble. They are for commands that
// store their flags, so no flag takes a credential itself.
func AccessFlags(cmd *cobra.Command, auth *[]string, a *ensemble.Access) {
	cmd.Flags().StringArrayVar(auth, "auth", nil, "credentials for --servers: @FILE with lines such as digest:user:password or sasl:user:password, or env:VARIABLE with the same content (may be repeated)")
	AddTLSFiles(cmd.Flags(), &a.TLSCA, &a.TLSCert, &a.TLSKey)
	usage.CompletesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
}
