package clients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/tools/control"
	"github.com/zklab/zklab/internal/tools/shell"
	"github.com/zklab/zklab/internal/zk/client"
)

// shellName is a command that main runs without a supervisor, because a terminal sends its input to
// one process group only.
const shellName = "shell"

type shellFlags struct {
	connect.Flags
	commands []string
	file     string
	json     bool
	nodes    int
}

func newShell() *cobra.Command {
	var f shellFlags
	cmd := &cobra.Command{
		Use:   shellName + " [host:port,...[/chroot]]",
		Short: "Read and change znodes, interactively or from scripts",
		Long: "Shell runs commands on the znodes of an ensemble: those you type, or those given with -c, -f or a pipe.\n" +
			"Given commands ask no questions, print only their output, and end at the first error.\n" +
			"Without servers it starts its own ensemble in this process, whose servers can be killed, paused and cut\n" +
			"off; help lists the commands.\n\n" +
			"Exit codes: 0 success, 1 no such znode, or diff found differences, 2 a conflict (wrong version, exists already, has children),\n" +
			"3 no connection or another failure, 4 not allowed, 64 wrong usage, 130 interrupted.",
		Example: "  zklab shell 127.0.0.1:2181\n" +
			"  zklab shell 127.0.0.1:2181 -c 'cat /config' >config.json\n" +
			"  zklab shell 127.0.0.1:2181 -c 'set /config -' <config.json\n" +
			"  zklab shell",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 1 && strings.Contains(args[1], ":"):
				return errors.New("give the servers as one argument: host:port,host:port")
			case len(args) > 1:
				return fmt.Errorf("give commands with -c: %s", printable.Command(cmd.Root().Name(), shellName, args[0], "-c", strings.Join(args[1:], " ")))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			err := f.run(cmd, args)
			if err == nil {
				return nil
			}
			if errors.Is(err, context.Canceled) {
				fmt.Fprintln(cmd.ErrOrStderr(), shell.Interruption(err))
				return usage.VerdictError{Code: usage.ExitInterrupted}
			}
			if text := usage.OneLine(err); text != "" && !usage.Unheard(err) {
				fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", text)
			}
			if code := usage.ExitUsage; errors.Is(err, usage.ErrBadFlag) || errors.Is(err, engine.ErrUsage) {
				return usage.VerdictError{Code: code}
			}
			return usage.VerdictError{Code: shell.Code(err)}
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.commands, "command", "c", nil, "run this line and exit (may be repeated)")
	flags.StringVarP(&f.file, "file", "f", "", "run the lines of this file and exit (-: standard input)")
	flags.BoolVar(&f.json, "json", false, "print results as JSON, one object per line")
	flags.IntVar(&f.nodes, "nodes", 3, "number of servers of the shell's own ensemble")
	f.AddTo(flags)
	connect.AddServers(cmd)
	usage.CompletesFiles(cmd, "file", "auth", "tls-ca", "tls-cert", "tls-key")
	return cmd
}

func (f *shellFlags) run(cmd *cobra.Command, args []string) error {
	args, err := connect.WithServers(cmd, args)
	if err != nil {
		return err
	}
	if err := f.validate(cmd, args); err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	s := &shell.Shell{JSON: f.json, Out: terminal.Exact(cmd.OutOrStdout()), Terminal: terminal.IsTerminal(cmd.OutOrStdout()), Dial: f.TLS.Dial()}
	if s.Terminal {
		s.Out = cmd.OutOrStdout()
	}
	config, err := f.ConfigOf(args...)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		e, err := embedded.Start(embedded.Config{Nodes: f.nodes})
		if err != nil {
			return err
		}
		defer e.Close()
		config.Servers, s.Lab = e.Addrs(), &shell.Lab{Ensemble: e, Control: control.New(e)}
	}
	s.Servers = config.Servers
	s.Connect = func(ctx context.Context) (*client.Client, error) { return f.TLS.Within(ctx, config, f.Timeout) }
	s.Other = func(ctx context.Context, servers string) (*client.Client, error) {
		list, _, err := external.Parse(servers)
		if err != nil {
			return nil, errors.New(connect.BareReason(err))
		}
		other := config
		other.Servers, other.Chroot = list, ""
		c, err := f.TLS.Within(ctx, other, f.Timeout)
		return c, f.TLS.WayOut(ctx, list, err)
	}
	if terminal.IsTerminal(cmd.ErrOrStderr()) {
		s.Progress = cmd.ErrOrStderr()
	}
	if s.Terminal && term.IsTerminal(int(os.Stdin.Fd())) {
		s.Editor = openEditor
	}
	if s.Client, err = s.Connect(ctx); err != nil {
		return f.TLS.WayOut(ctx, config.Servers, err)
	}
	defer func() { s.Client.Close() }()
	f.Tell(cmd, s.Client.Session().Timeout)
	return f.source(ctx, s)
}

func (f *shellFlags) validate(cmd *cobra.Command, args []string) error {
	switch {
	case len(f.commands) > 0 && f.file != "":
		return usage.BadFlag("--command and --file: give one of them")
	case len(args) > 0 && cmd.Flags().Changed("nodes"):
		return usage.BadFlag("--nodes is for the shell's own ensemble: leave out %s", args[0])
	}
	if err := embedded.ValidateNodes(f.nodes); err != nil {
		return usage.BadFlag("%v", err)
	}
	return f.Flags.Validate()
}

// source runs the commands of -c, -f, a pipe or a terminal.
func (f *shellFlags) source(ctx context.Context, s *shell.Shell) error {
	switch {
	case len(f.commands) > 0:
		s.In = &interruptedReader{ctx: ctx, from: os.Stdin}
		return s.Script(ctx, "", strings.NewReader(strings.Join(f.commands, "\n")))
	case f.file != "" && f.file != "-":
		s.In = &interruptedReader{ctx: ctx, from: os.Stdin}
		file, err := os.Open(f.file)
		if err != nil {
			return err
		}
		defer file.Close()
		return s.Script(ctx, f.file, file)
	case f.file == "-" || !term.IsTerminal(int(os.Stdin.Fd())) || !s.Terminal:
		return s.Script(ctx, "", &interruptedReader{ctx: ctx, from: os.Stdin})
	}
	return interact(ctx, s)
}

// interruptedReader is a reader whose Read returns when the context ends, even if the underlying
// reader blocks, as a terminal does. The blocked read is then left behind.
type interruptedReader struct {
	ctx  context.Context
	from io.Reader
}

func (r *interruptedReader) Read(p []byte) (int, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		b := make([]byte, len(p)) // the caller may use p again when Read has returned
		n, err := r.from.Read(b)
		done <- result{b[:n], err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case got := <-done:
		return copy(p, got.data), got.err
	}
}
