package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/control"
	"github.com/zklab/zklab/internal/shell"
	"github.com/zklab/zklab/internal/zk/client"
)

// shellName is the command that main runs without a supervisor: a terminal gives what is
// typed to one group of processes only.
const shellName = "shell"

type shellFlags struct {
	commands       []string
	file           string
	json, readOnly bool
	auth           []string
	tls            clientTLS
	timeout        time.Duration
	session        time.Duration
	nodes          int
}

func newShell() *cobra.Command {
	var f shellFlags
	cmd := &cobra.Command{
		Use:   shellName + " [host:port,...[/chroot]]",
		Short: "Look at znodes and change them, line by line or from scripts",
		Long: "Shell runs commands on the znodes of an ensemble: those that are typed, or with -c, -f or a pipe those\n" +
			"given. Then nobody is asked, what a command prints is all that is printed, and the first that fails ends it.\n" +
			"Without servers it starts an ensemble of its own, in this process and gone with it, whose servers can be\n" +
			"killed, paused and cut off: help lists what there is.\n\n" +
			"Exit codes: 0 done, 1 no such znode, 2 a conflict (another version, there already, has children),\n" +
			"3 no connection or another failure, 4 not allowed, 64 wrong usage.",
		Example: "  zklab shell 127.0.0.1:2181\n" +
			"  zklab shell 127.0.0.1:2181 -c 'cat /config' >config.json\n" +
			"  zklab shell 127.0.0.1:2181 -c 'set /config -' <config.json\n" +
			"  zklab shell",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("give the servers as one word, host:port,host:port, and commands with -c")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			err := f.run(cmd, args)
			if err == nil || errors.Is(err, context.Canceled) {
				return err
			}
			if text := oneLine(err); text != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", text)
			}
			if code := exitUsage; errors.Is(err, errBadFlag) {
				return verdictError{code}
			}
			return verdictError{shell.Code(err)}
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.commands, "command", "c", nil, "run this line and end; may be given again")
	flags.StringVarP(&f.file, "file", "f", "", "run the lines of this file and end; -: of the standard input")
	flags.BoolVar(&f.json, "json", false, "print what commands find as JSON, a line each")
	flags.StringArrayVar(&f.auth, "auth", nil, "credential, as digest:user:password, or @file that has one on each line")
	flags.BoolVar(&f.readOnly, "read-only", false, "take a server without a majority, too, which can only be read")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for a server, at first and for each answer")
	flags.DurationVar(&f.session, "session-timeout", 10*time.Second, "the session time-out to ask for")
	flags.IntVar(&f.nodes, "nodes", 3, "servers of the ensemble of its own")
	f.tls.addTo(flags)
	return cmd
}

// errBadFlag marks errors in flags that are found after the command has begun.
var errBadFlag = errors.New("")

func badFlag(format string, args ...any) error {
	return fmt.Errorf("%s%w", fmt.Sprintf(format, args...), errBadFlag)
}

func (f *shellFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.validate(cmd, args); err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	s := &shell.Shell{JSON: f.json, Out: exact(cmd.OutOrStdout()), Terminal: isTerminal(cmd.OutOrStdout()), Dial: f.tls.dial()}
	if s.Terminal {
		s.Out = cmd.OutOrStdout()
	}
	config, err := f.config()
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
	} else if config.Servers, config.Chroot, err = external.Parse(args[0]); err != nil {
		return badFlag("%s", bareReason(err))
	}
	s.Connect = func(ctx context.Context) (*client.Client, error) { return connectWithin(ctx, config, f.timeout) }
	if s.Client, err = s.Connect(ctx); err != nil {
		return err
	}
	defer func() { s.Client.Close() }()
	return f.source(ctx, s)
}

func (f *shellFlags) validate(cmd *cobra.Command, args []string) error {
	switch {
	case len(f.commands) > 0 && f.file != "":
		return badFlag("--command and --file: give one of them")
	case f.timeout <= 0 || f.session < time.Millisecond:
		return badFlag("--timeout and --session-timeout are more than nothing")
	case len(args) > 0 && cmd.Flags().Changed("nodes"):
		return badFlag("--nodes is for an ensemble of the shell's own: leave out %s", args[0])
	}
	if err := embedded.ValidateNodes(f.nodes); err != nil {
		return badFlag("%v", err)
	}
	return f.tls.load()
}

func (f *shellFlags) config() (client.Config, error) {
	c := client.Config{Timeout: f.session, Patience: f.timeout, ReadOnly: f.readOnly, TLS: f.tls.config}
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
				return c, badFlag("--auth: write scheme:credential, as digest:user:password, or @file")
			}
			c.Auth = append(c.Auth, client.Credential{Scheme: scheme, Auth: []byte(credential)})
		}
	}
	return c, nil
}

// credentialsIn are the lines of a file that have something in them.
func credentialsIn(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func connectWithin(ctx context.Context, c client.Config, bound time.Duration) (*client.Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("not within %s", bound))
	defer cancel()
	return client.Connect(ctx, c)
}

// source runs the commands, from wherever they come.
func (f *shellFlags) source(ctx context.Context, s *shell.Shell) error {
	switch {
	case len(f.commands) > 0:
		s.In = os.Stdin
		return s.Script(ctx, "", strings.NewReader(strings.Join(f.commands, "\n")))
	case f.file != "" && f.file != "-":
		s.In = os.Stdin
		file, err := os.Open(f.file)
		if err != nil {
			return err
		}
		defer file.Close()
		return s.Script(ctx, f.file, file)
	case f.file == "-" || !term.IsTerminal(int(os.Stdin.Fd())) || !s.Terminal:
		return s.Script(ctx, "", interruptedReader{ctx, os.Stdin})
	}
	return interact(ctx, s)
}

// interruptedReader ends with its context, when what it reads from says something next.
type interruptedReader struct {
	ctx context.Context
	io.Reader
}

func (r interruptedReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
