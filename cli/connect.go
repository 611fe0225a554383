package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// connectFlags say how to connect to servers, and with which credentials.
type connectFlags struct {
	auth     []string
	readOnly bool
	tls      clientTLS
	timeout  time.Duration
	session  time.Duration
	maxFrame int
	bounded  bool // the command has --max-frame
}

func (f *connectFlags) addTo(flags *pflag.FlagSet) {
	f.addMaxFrame(flags)
	flags.BoolVar(&f.readOnly, "read-only", false, "accept a read-only server, which has no majority")
	f.addNamed(flags, "timeout")
}

// addNamed is addTo for commands that write; timeout is the name of the flag that bounds the wait for
// a server.
func (f *connectFlags) addNamed(flags *pflag.FlagSet, timeout string) {
	flags.StringArrayVar(&f.auth, "auth", nil, "credential such as digest:user:password, or @file with one credential per line (may be repeated)")
	flags.DurationVar(&f.timeout, timeout, 10*time.Second, "time to wait for a connection, and for each reply")
	flags.DurationVar(&f.session, "session-timeout", 10*time.Second, "session timeout to request")
	f.tls.addTo(flags)
}

// addMaxFrame declares the bound of replies. Clients of recipes have none.
func (f *connectFlags) addMaxFrame(flags *pflag.FlagSet) {
	f.bounded = true
	flags.IntVar(&f.maxFrame, "max-frame", wire.MaxFrame, "largest reply to accept, in bytes (jute.maxbuffer of ZooKeeper's clients)")
}

func (f *connectFlags) validate() error {
	if f.timeout <= 0 {
		return badFlag("--timeout must be more than zero")
	}
	if f.session < time.Millisecond {
		return badFlag("--session-timeout must be 1ms or more")
	}
	if f.bounded && (f.maxFrame < wire.MaxRequest || f.maxFrame > 1<<30) {
		return badFlag("--max-frame %d: give a number of bytes from %d to %d", f.maxFrame, wire.MaxRequest, 1<<30)
	}
	return f.tls.load()
}

// tell tells who asked for a session timeout that the servers granted another one.
func (f *connectFlags) tell(cmd *cobra.Command, granted time.Duration) {
	if cmd.Flags().Changed("session-timeout") && granted != f.session {
		warn(cmd, "the servers made the session timeout %s: --session-timeout %s is not within their bounds", granted, f.session)
	}
}

func (f *connectFlags) config() (client.Config, error) {
	c := client.Config{Timeout: f.session, Patience: f.timeout, ReadOnly: f.readOnly, MaxFrame: f.maxFrame, TLS: f.tls.config}
	for _, auth := range f.auth {
		lines := []string{auth}
		if path, ok := strings.CutPrefix(auth, "@"); ok {
			text, err := os.ReadFile(path)
			if err != nil {
				return c, fmt.Errorf("--auth: %w", err)
			}
			lines = credentialsIn(string(text))
		}
		for _, line := range lines {
			scheme, credential, ok := strings.Cut(line, ":")
			if !ok {
				return c, badFlag("--auth: give scheme:credential, such as digest:user:password, or @file")
			}
			c.Auth = append(c.Auth, client.Credential{Scheme: scheme, Auth: []byte(credential)})
		}
	}
	return c, nil
}

// configOf is config for the connect string in an argument, if there is one.
func (f *connectFlags) configOf(servers ...string) (client.Config, error) {
	c, err := f.config()
	if err != nil || len(servers) == 0 {
		return c, err
	}
	if c.Servers, c.Chroot, err = external.Parse(servers[0]); err != nil {
		return c, badFlag("%s", bareReason(err))
	}
	return c, nil
}

// credentialsIn returns the lines of a file that are not empty.
func credentialsIn(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func connectWithin(ctx context.Context, c client.Config, bound time.Duration) (*client.Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("no connection within %s", bound))
	defer cancel()
	return client.Connect(ctx, c)
}

// hexText is an id as servers write it.
func hexText(id int64) string { return fmt.Sprintf("%#x", uint64(id)) }

// parseServers reads --servers.
func parseServers(connect string) (servers []string, chroot string, err error) {
	servers, chroot, err = external.Parse(connect)
	if err != nil {
		return nil, "", usageError("--servers: %s", bareReason(err))
	}
	return servers, chroot, nil
}

// bareReason is an error in a Config without what it is about, which the command line says.
func bareReason(err error) string {
	return strings.TrimPrefix(err.Error(), external.ErrConfig.Error()+": ")
}

func serversFlag(cmd *cobra.Command, servers *string) {
	cmd.Flags().StringVar(servers, "servers", "", "connect string of an external ensemble, with all its servers: host:port,...[/chroot]")
}
