package ensembles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/tools/control"
)

func newDown() *cobra.Command {
	var all bool
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "down [NAME]",
		Short: "Stop an ensemble that \"zklab ensemble up\" runs, or remove what a dead one left behind",
		Long: "Down stops an ensemble that \"zklab ensemble up\" runs, in the foreground or background, and returns when its\n" +
			"servers and containers are gone. NAME is the name in \"zklab ensemble ps\"; it is optional if there is only\n" +
			"one ensemble. If the ensemble's process died, down removes what is left: containers, volumes, the log. A\n" +
			"folder for the servers' data (--data) is kept.",
		Example:           "  zklab ensemble down\n  zklab ensemble down lab\n  zklab ensemble down --all",
		ValidArgsFunction: usage.FirstArgument(listedEnsemble),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return fmt.Errorf("down takes one NAME, but got %q as well: stop them one by one, or use --all", args[1])
			case len(args) == 1 && all:
				return fmt.Errorf("%s and --all: give one of them", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if patience <= 0 {
				return usage.Errorf("--timeout %s: give a time above 0", patience)
			}
			ctx, stop := terminal.UntilSignal()
			defer stop()
			if all {
				return downAll(ctx, cmd.OutOrStdout(), patience)
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			e, err := listedAs(name)
			if err != nil {
				return err
			}
			return down(ctx, cmd.OutOrStdout(), e, patience)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "stop all ensembles of the list")
	cmd.Flags().DurationVar(&patience, "timeout", 2*time.Minute, "longest time to wait for each ensemble")
	return cmd
}

// listedEnsemble completes the name of an ensemble that is up or has died.
func listedEnsemble(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, e := range control.Entries() {
		names = append(names, e.Name)
	}
	return usage.Beginning(toComplete, names)
}

// listedAs returns the ensemble with the given name or, if name is empty, the only ensemble.
func listedAs(name string) (control.Entry, error) {
	entries := control.Entries()
	var l ensembleList
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
		l.Ensembles = append(l.Ensembles, listed{Entry: e})
	}
	switch {
	case len(entries) == 0:
		return control.Entry{}, control.ErrNone
	case name != "":
		return control.Entry{}, fmt.Errorf("no ensemble %q is running; running are %s", name, l.names())
	case len(entries) > 1:
		return control.Entry{}, usage.Errorf("several ensembles are running: give one of %s, or --all", l.names())
	}
	return entries[0], nil
}

func downAll(ctx context.Context, out io.Writer, patience time.Duration) error {
	entries := control.Entries()
	if len(entries) == 0 {
		fmt.Fprintln(out, "no ensemble is running")
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, down(ctx, out, e, patience))
	}
	return errors.Join(errs...)
}

// answerTimeout bounds the wait for a process to confirm that it ends its ensemble.
const answerTimeout = 10 * time.Second

// downLook is the interval between two checks whether an ensemble has ended.
const downLook = 20 * time.Millisecond

// down ends an ensemble, and removes what is left of it if its process has died.
func down(ctx context.Context, out io.Writer, e control.Entry, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it did not end within "+patience.String()))
	defer cancel()
	asked, asking := context.WithTimeout(ctx, answerTimeout)
	defer asking()
	if _, err := control.End(asked, e.Socket()); err != nil && !e.Died() && e.Written() {
		return fmt.Errorf("ensemble %s, process %d: %w (it ends once it resumes; otherwise kill the process, and try again)", e.Name, e.Process.PID, err)
	}
	for e.Written() {
		// A process removes its entry before it ends: one that still has it now was killed.
		if e.Died() && e.Written() {
			return removeDead(ctx, out, e)
		}
		if await.Sleep(ctx, downLook) != nil {
			return fmt.Errorf("ensemble %s, process %d: %w", e.Name, e.Process.PID, context.Cause(ctx))
		}
	}
	return tellDown(out, e, "ended")
}

// removeDead removes what is left of an ensemble whose process has died.
func removeDead(ctx context.Context, out io.Writer, e control.Entry) error {
	if e.Run != "" {
		if err := container.Remove(ctx, e.Run); err != nil {
			return fmt.Errorf("ensemble %s, which died: %w", e.Name, err)
		}
	}
	if err := e.Remove(); err != nil {
		return err
	}
	return tellDown(out, e, "had died; removed what it left behind")
}

func tellDown(out io.Writer, e control.Entry, how string) error {
	if e.Data != "" {
		how += "; its data remain in " + e.Data
	}
	_, err := fmt.Fprintf(out, "%s: %s\n", e.Name, how)
	return err
}
