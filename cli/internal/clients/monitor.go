package clients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/tools/monitor"
	monitorscreen "github.com/zklab/zklab/internal/tools/monitor/screen"
	"github.com/zklab/zklab/internal/zk/wire"
)

// monitorName is a command that main runs without a supervisor, like the shell.
const monitorName = "monitor"

type monitorFlags struct {
	connect.Flags
	log        bool
	eventsOnly bool
	most       int
	count      int
}

func newMonitor() *cobra.Command {
	var f monitorFlags
	cmd := &cobra.Command{
		Use:   monitorName + " host:port,...[/chroot]",
		Short: "Show a tree of znodes as it changes",
		Long: "Monitor follows all znodes of an ensemble, or those below a chroot. On a terminal it shows a live tree,\n" +
			"the selected znode, a log, servers and sessions (? lists the keys). In a pipe, or with --log, --events-only or\n" +
			"--count, it prints one line per change: the znode created, changed or deleted, and the transaction's zxid.\n" +
			"It costs the servers a single watch. After a lost connection or an expired session it continues, compares\n" +
			"its copy with the tree, and marks the differences. Interrupt to end it, or press q on the screen.\n\n" +
			"Exit codes: 0 interrupted, quit, or --count changes seen, 3 no server answers or another failure, 64 wrong usage.",
		Example: "  zklab monitor 127.0.0.1:2181,127.0.0.1:2182\n" +
			"  zklab monitor 127.0.0.1:2181/app --log | jq -r 'select(.kind == \"deleted\") | .path'",
		Args: oneConnectString,
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := connect.WithServers(cmd, args)
			if err != nil {
				return err
			}
			return f.run(cmd, args[0])
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.log, "log", false, "print each change as one line of JSON")
	flags.BoolVar(&f.eventsOnly, "events-only", false, "print lines without loading znodes (misses changes while disconnected)")
	flags.IntVar(&f.most, "most", 500_000, "maximum number of znodes to load (a folder that does not fit is not listed)")
	flags.IntVarP(&f.count, "count", "n", 0, "print lines, and end after this number of changes")
	f.AddTo(flags)
	connect.AddServers(cmd)
	usage.CompletesFiles(cmd, "auth", "tls-ca", "tls-cert", "tls-key")
	return cmd
}

// oneConnectString checks that there is one connect string, as the argument or in --servers.
func oneConnectString(cmd *cobra.Command, args []string) error {
	if len(args) == 0 && !cmd.Flags().Changed("servers") {
		return fmt.Errorf("%s needs the servers of an ensemble: host:port,...[/chroot]", cmd.Name())
	}
	return usage.AtMostOne(cmd, args)
}

func (f *monitorFlags) run(cmd *cobra.Command, servers string) error {
	cfg, err := f.follows(servers)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	out := cmd.OutOrStdout()
	onScreen := f.onScreen(out)
	if !onScreen {
		cfg = f.forLines(cfg)
	}
	follower, err := f.follow(ctx, cfg)
	if ctx.Err() != nil && err != nil {
		return nil // an interrupt is the normal end
	}
	if err != nil {
		return err
	}
	defer follower.Close()
	if onScreen {
		return monitorscreen.Run(ctx, follower, "/", os.Stdin, terminal.Exact(out))
	}
	return f.lines(ctx, out, follower)
}

// onScreen reports whether to draw on a terminal: there is one, and no flag asks for lines.
func (f *monitorFlags) onScreen(out io.Writer) bool {
	return terminal.IsTerminal(out) && term.IsTerminal(int(os.Stdin.Fd())) && !f.log && !f.eventsOnly && f.count == 0
}

// follows returns the configuration for a connect string and the flags.
func (f *monitorFlags) follows(servers string) (monitor.Config, error) {
	if f.most < 1 {
		return monitor.Config{}, usage.BadFlag("--most must be more than zero")
	}
	if f.count < 0 {
		return monitor.Config{}, usage.BadFlag("--count must not be negative")
	}
	if err := f.Validate(); err != nil {
		return monitor.Config{}, err
	}
	c, err := f.ConfigOf(servers)
	if err != nil {
		return monitor.Config{}, err
	}
	return monitor.Config{Client: c, Most: f.most, Queries: []status.Query{{Dial: f.TLS.Dial()}}}, nil
}

// forLines changes a configuration for lines: they need all znodes, where a screen loads open folders
// only, and do not need the state of the servers.
func (f *monitorFlags) forLines(cfg monitor.Config) monitor.Config {
	cfg.All, cfg.EventsOnly, cfg.LogLines, cfg.Queries = !f.eventsOnly, f.eventsOnly, 100_000, nil
	return cfg
}

func (f *monitorFlags) follow(ctx context.Context, cfg monitor.Config) (*monitor.Follower, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, f.Timeout, fmt.Errorf("no connection within %s", f.Timeout))
	defer cancel()
	follower, err := monitor.Follow(bounded, cfg)
	if errors.Is(err, wire.NoNode) {
		return nil, fmt.Errorf("there is no znode %s: leave out the chroot, or create it first", cfg.Client.Chroot)
	}
	return follower, f.TLS.WayOut(ctx, cfg.Client.Servers, err)
}

// lines prints each change until ctx ends, or until --count changes were printed.
func (f *monitorFlags) lines(ctx context.Context, out io.Writer, follower *monitor.Follower) error {
	if f.log {
		out = terminal.Exact(out)
	}
	for seen := 0; f.count == 0 || seen < f.count; {
		c, err := follower.NextChange(ctx)
		if err != nil {
			return nil // an interrupt is the normal end
		}
		if c.Kind.OfZnode() {
			seen++
		}
		if err := f.line(out, c); err != nil {
			return err
		}
	}
	return nil
}

func (f *monitorFlags) line(out io.Writer, c monitor.Change) error {
	if f.log {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return e.Encode(c)
	}
	_, err := fmt.Fprintln(out, c)
	return err
}
