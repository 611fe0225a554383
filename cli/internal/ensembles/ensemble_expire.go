package ensembles

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// expireFlags say on which servers to end sessions, and how to reach them.
type expireFlags struct {
	servers string
	connect connect.Flags
}

func newExpire() *cobra.Command {
	var f expireFlags
	cmd := &cobra.Command{
		Use:   "expire SESSION|PATH...",
		Short: "Expire sessions of other clients",
		Long: "Expire ends sessions of other clients, as after a timeout: their ephemeral znodes are deleted, and the\n" +
			"clients learn that their sessions have expired. It is for tests in any language, and works with any ensemble\n" +
			"that makes session passwords as Apache ZooKeeper does, including zklab ensemble up. SESSION is a number such\n" +
			"as 0x100000e66b30002; PATH is an ephemeral znode whose owner is the session.",
		Example: "  zklab ensemble expire 0x100000e66b30002\n" +
			"  zklab ensemble expire /election/candidate-0000000003 --servers zk1:2181,zk2:2181",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("expire what? give a session such as 0x100000e66b30002, or an ephemeral znode such as /locks/a")
			}
			for _, arg := range args {
				if _, err := sessionID(arg); err != nil && !strings.HasPrefix(arg, "/") {
					return err
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	cmd.Flags().StringVar(&f.servers, "servers", "127.0.0.1:2181", "servers of the ensemble: host:port,...[/chroot]")
	f.connect.AddNamed(cmd.Flags(), "timeout")
	f.connect.AddMaxFrame(cmd.Flags())
	usage.CompletesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
	return cmd
}

// sessionID parses the number of a session.
func sessionID(text string) (int64, error) {
	id, err := strconv.ParseUint(text, 0, 64)
	if err != nil || id == 0 {
		return 0, fmt.Errorf("%.60q is neither a session nor a path: give a number such as 0x100000e66b30002, or an ephemeral znode such as /locks/a", text)
	}
	return int64(id), nil
}

func (f *expireFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.connect.Validate(); err != nil {
		return err
	}
	config, err := f.connect.ConfigOf(f.servers)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	ids, err := f.sessions(ctx, cmd, config, args)
	if err != nil {
		return terminal.InterruptedOr(ctx, err)
	}
	for _, id := range ids {
		if err := f.expire(ctx, config.Servers, id); err != nil {
			return terminal.InterruptedOr(ctx, err)
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "session %s has ended\n", connect.HexText(id)); err != nil {
			return err
		}
	}
	return nil
}

// sessions returns the sessions that arguments name.
func (f *expireFlags) sessions(ctx context.Context, cmd *cobra.Command, config client.Config, args []string) (ids []int64, err error) {
	var c *client.Client
	for _, arg := range args {
		if id, err := sessionID(arg); err == nil {
			ids = append(ids, id)
			continue
		}
		if c == nil {
			if c, err = connect.Within(ctx, config, f.connect.Timeout); err != nil {
				return nil, f.connect.TLS.WayOut(ctx, config.Servers, err)
			}
			defer c.Close()
			f.connect.Tell(cmd, c.Session().Timeout)
		}
		stat, err := c.Exists(ctx, arg, false)
		switch {
		case errors.Is(err, wire.NoNode):
			return nil, fmt.Errorf("%s: no such znode", arg)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", arg, err)
		case stat.EphemeralOwner == 0:
			return nil, fmt.Errorf("%s is not ephemeral: no session owns it", arg)
		}
		ids = append(ids, stat.EphemeralOwner)
	}
	return ids, nil
}

// expire ends a session at the first server that accepts it. It tries again if the client took the
// session back first.
func (f *expireFlags) expire(ctx context.Context, servers []string, id int64) error {
	dial, err := f.connect.Dial()
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, f.connect.Timeout)
	defer cancel()
	ending := zkclient.Ending{Session: id}
	for {
		for _, server := range servers {
			switch done, err := ending.Try(bounded, zkclient.To(dial, server)); {
			case err != nil:
				return fmt.Errorf("session %s: no such session, or the servers make session passwords differently", connect.HexText(id))
			case done:
				return nil
			}
		}
		if await.Sleep(bounded, 20*time.Millisecond) != nil {
			err := fmt.Errorf("session %s did not end within %s: %w", connect.HexText(id), f.connect.Timeout, ending.Last)
			return f.connect.TLS.WayOut(ctx, servers, err)
		}
	}
}
