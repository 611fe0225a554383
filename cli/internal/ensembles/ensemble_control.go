package ensembles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/owner"
	"github.com/zklab/zklab/internal/tools/control"
)

// onceControl accepts --control, the earlier name of --name.
func onceControl(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "control" {
			name = "name"
		}
		return pflag.NormalizedName(name)
	})
}

// uncontrolled is the --name of an ensemble that accepts no commands.
const uncontrolled = "none"

// controlFlags name the ensemble to control, and how to print the answer.
type controlFlags struct {
	name string
	json bool
}

func (f *controlFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "name", "", "name of the ensemble, or path of its socket (default: the only running one)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the answer as JSON")
	onceControl(cmd.Flags())
	usage.Completes(cmd, "name", runningEnsemble)
}

func newAction(action control.Action, short string) *cobra.Command {
	var f controlFlags
	cmd := &cobra.Command{
		Use:   string(action) + " SERVER...",
		Short: short + "; SERVER is leader, follower, observer, all or a number",
		Long: short + ". The\nensemble is one that \"zklab ensemble up\" runs. SERVER is leader, follower, observer, all, or a number\n" +
			"from 1; several are handled one by one. For start and resume, leader means the server that\n" +
			"led when it was last killed, paused or stopped. Start and resume wait until the servers serve,\n" +
			"unless too few others run.",
		Example: "  zklab ensemble " + string(action) + " leader\n  zklab ensemble " + string(action) + " 2 --name 2181",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s what? give leader, follower, observer, all, or a server's number", action)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.ask(cmd, func(ctx context.Context, socket string) (a control.Answer, err error) {
				for _, who := range args {
					one, err := control.Send(ctx, socket, action, who)
					if err != nil {
						return a, err
					}
					one.Servers = append(a.Servers, one.Servers...)
					a = one
				}
				return a, nil
			})
		},
	}
	f.add(cmd)
	cmd.ValidArgsFunction = usage.ChoiceOf(control.Words...)
	return cmd
}

// ask finds the ensemble, sends a request to it, and prints the answer.
func (f *controlFlags) ask(cmd *cobra.Command, request func(ctx context.Context, socket string) (control.Answer, error)) error {
	ctx, stop := terminal.UntilSignal()
	defer stop()
	socket, err := control.Find(f.name)
	if errors.Is(err, control.ErrMany) {
		return usage.Errorf("%v", err)
	}
	if err != nil {
		return err
	}
	answer, err := request(ctx, socket)
	if errors.Is(err, control.ErrRequest) {
		return usage.Errorf("%s", strings.TrimPrefix(err.Error(), control.ErrRequest.Error()+": "))
	}
	if printed := f.print(cmd.OutOrStdout(), answer); err == nil {
		err = printed
	}
	return err
}

// print prints an answer, including the states after the actions before an error.
func (f *controlFlags) print(w io.Writer, a control.Answer) error {
	if f.json {
		return json.NewEncoder(w).Encode(a)
	}
	for _, s := range a.Servers {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	return nil
}

// listenForControl accepts commands for the ensemble, writes its entry, and prints how to control it.
// The results are nil if the ensemble accepts no commands. A socket at a path has no entry.
func listenForControl(cmd *cobra.Command, e ensemble.Ensemble, b backend.Backend, name string) (*control.Listener, *control.Entry, error) {
	if name == uncontrolled {
		return nil, nil, nil
	}
	which := ""
	if name == "" {
		name = nameOf(e.Servers()[0].Addr())
	} else {
		which = " --name " + name
	}
	l, err := control.Listen(e, name)
	if err != nil {
		return nil, nil, err
	}
	entry, err := writeDown(e, b, name)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	if which == "" && len(control.Running()) > 1 {
		which = " --name " + name
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "control it with: zklab ensemble kill|pause|resume|stop|start leader|follower|N%s, or status%s\n", which, which)
	return l, entry, nil
}

// writeDown writes the entry of the ensemble, which other commands need when this process has died.
// It writes none if the socket is at a path, because no command lists those.
func writeDown(e ensemble.Ensemble, b backend.Backend, name string) (*control.Entry, error) {
	if isPath(name) {
		return nil, nil
	}
	entry := &control.Entry{
		Name: name, Backend: e.Profile().Backend, Connect: connectString(e, b.Named), Since: time.Now().Round(time.Millisecond),
		Detached: process.DetachedLog != "", Process: owner.Self(), Data: b.Servers.Data, Log: process.DetachedLog,
	}
	if entry.Data != "" {
		entry.Data, _ = filepath.Abs(entry.Data)
	}
	if r, ok := e.(interface{ Run() string }); ok {
		entry.Run = r.Run()
	}
	if err := entry.Write(); err != nil {
		return nil, fmt.Errorf("cannot store the ensemble's record: %w", err)
	}
	return entry, nil
}

// isPath reports whether a --name is the path of a socket.
func isPath(name string) bool { return strings.ContainsRune(name, os.PathSeparator) }

// nameOf returns the name of an ensemble without --name: its first port, which is unique on the
// loopback address, or else its first address.
func nameOf(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == backend.Loopback {
		return port
	}
	return strings.ReplaceAll(host, ":", "_") + "_" + port
}

// runningEnsemble completes the name of an ensemble, or the path of its socket.
func runningEnsemble(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return usage.OrFiles(usage.Beginning(toComplete, control.Running()))
}
