package connect

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/secure"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Flags say how to connect to servers, and with which credentials.
type Flags struct {
	auth     []string
	readOnly bool
	TLS      TLS
	Timeout  time.Duration
	Session  time.Duration
	maxFrame int
	bounded  bool // the command has --max-frame
}

// AddTo declares the flags for commands that only read.
func (f *Flags) AddTo(flags *pflag.FlagSet) {
	f.AddMaxFrame(flags)
	flags.BoolVar(&f.readOnly, "read-only", false, "accept a read-only server, which has no majority")
	f.AddNamed(flags, "timeout")
}

// AddNamed is like AddTo, for commands that write; timeout is the name of the flag that bounds the wait for a
// server.
func (f *Flags) AddNamed(flags *pflag.FlagSet, timeout string) {
	f.AddWithoutSession(flags, timeout)
	flags.DurationVar(&f.Session, "session-timeout", f.Session, "session timeout to request")
}

// AddWithoutSession is like AddNamed, for commands whose sessions have timeouts of their own.
func (f *Flags) AddWithoutSession(flags *pflag.FlagSet, timeout string) {
	f.Session = 10 * time.Second
	flags.StringArrayVar(&f.auth, "auth", nil, "credential such as digest:user:password or sasl:user:password; @file with one per line, or env:VARIABLE (may be repeated)")
	flags.DurationVar(&f.Timeout, timeout, 10*time.Second, "time to wait for a connection, and for each reply")
	f.TLS.AddTo(flags)
}

// AddMaxFrame declares the bound of replies. Clients of recipes have none.
func (f *Flags) AddMaxFrame(flags *pflag.FlagSet) {
	f.bounded = true
	flags.IntVar(&f.maxFrame, "max-frame", wire.MaxFrame, "largest reply to accept, in bytes (jute.maxbuffer of ZooKeeper's clients)")
}

// Validate checks the values of the flags, and reads the files of TLS.
func (f *Flags) Validate() error {
	if f.Timeout <= 0 {
		return usage.BadFlag("--timeout must be more than zero")
	}
	if f.Session < time.Millisecond {
		return usage.BadFlag("--session-timeout must be 1ms or more")
	}
	if f.bounded && (f.maxFrame < wire.MaxRequest || f.maxFrame > 1<<30) {
		return usage.BadFlag("--max-frame %d: give a number of bytes from %d to %d", f.maxFrame, wire.MaxRequest, 1<<30)
	}
	return f.TLS.Load()
}

// Tell tells the user if the servers granted another session timeout than the user asked for.
func (f *Flags) Tell(cmd *cobra.Command, granted time.Duration) {
	if cmd.Flags().Changed("session-timeout") && granted != f.Session {
		terminal.Warn(cmd, "the servers made the session timeout %s: --session-timeout %s is not within their bounds", granted, f.Session)
	}
}

func (f *Flags) config() (client.Config, error) {
	c := client.Config{Timeout: f.Session, Patience: f.Timeout, ReadOnly: f.readOnly, MaxFrame: f.maxFrame, TLS: f.TLS.config}
	all, err := f.credentials()
	if err != nil {
		return c, err
	}
	for _, a := range all {
		if a.Scheme != secure.SASL {
			c.Auth = append(c.Auth, client.Credential{Scheme: a.Scheme, Auth: []byte(a.Auth)})
		}
	}
	if len(c.Auth) < len(all) {
		dial := f.dial(all)
		c.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return zkclient.To(dial, addr)(ctx) }
	}
	return c, nil
}

// dial returns the function that connects, with TLS if that was asked for. It authenticates with the credentials
// for SASL itself, since clients do not support SASL.
func (f *Flags) dial(all []secure.Credential) secure.Dial {
	c := secure.Config{TLS: f.TLS.config}
	for _, a := range all {
		if a.Scheme == secure.SASL {
			c.Auth = append(c.Auth, a)
		}
	}
	return c.Around(net.DialTimeout)
}

// Dial returns the function that connects for clients without credentials of their own: with TLS if that was asked for,
// and authenticated by everything that --auth gives.
func (f *Flags) Dial() (ensemble.DialFunc, error) {
	all, err := f.credentials()
	return secure.Config{TLS: f.TLS.config, Auth: all}.Around(net.DialTimeout), err
}

// credentials returns the credentials in --auth.
func (f *Flags) credentials() (all []secure.Credential, err error) {
	for _, auth := range f.auth {
		text, from := auth, ""
		if path, ok := strings.CutPrefix(auth, "@"); ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("--auth: %w", err)
			}
			text, from = string(b), " "+auth
		} else if name, ok := strings.CutPrefix(auth, "env:"); ok {
			if text, ok = os.LookupEnv(name); !ok {
				return nil, usage.BadFlag("--auth %s: the environment variable is not set", auth)
			}
			from = " " + auth
		}
		some, err := secure.ParseCredentials(text)
		switch {
		case err != nil && from == "":
			return nil, usage.BadFlag("--auth: give scheme:credential, such as digest:user:password, or @file")
		case err != nil:
			return nil, usage.BadFlag("--auth%s: %v", from, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// ConfigOf returns the configuration of a client, with the connect string in an argument if there
// is one.
func (f *Flags) ConfigOf(servers ...string) (client.Config, error) {
	c, err := f.config()
	if err != nil || len(servers) == 0 {
		return c, err
	}
	if c.Servers, c.Chroot, err = external.Parse(servers[0]); err != nil {
		return c, usage.BadFlag("%s", BareReason(err))
	}
	return c, nil
}

// Within opens a session. It returns an error if that takes longer than bound.
func Within(ctx context.Context, c client.Config, bound time.Duration) (*client.Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("no connection within %s", bound))
	defer cancel()
	return client.Connect(ctx, c)
}

// HexText returns an id in the form in which servers write it.
func HexText(id int64) string { return fmt.Sprintf("%#x", uint64(id)) }

// ParseServers reads --servers.
func ParseServers(connect string) (servers []string, chroot string, err error) {
	servers, chroot, err = external.Parse(connect)
	if err != nil {
		return nil, "", usage.Errorf("--servers: %s", BareReason(err))
	}
	return servers, chroot, nil
}

// BareReason returns the text of an error in a Config without the prefix that names the Config:
// messages of the command line name the flag instead.
func BareReason(err error) string {
	return strings.TrimPrefix(err.Error(), external.ErrConfig.Error()+": ")
}

// ServersFlag declares --servers, for all servers of an external ensemble.
func ServersFlag(cmd *cobra.Command, servers *string) {
	cmd.Flags().StringVar(servers, "servers", "", "connect string of an external ensemble, with all its servers: host:port,...[/chroot]")
}
