package ensembles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/store"
)

func newClean() *cobra.Command {
	var servers string
	var access ensemble.Access
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove what crashed runs left behind, but nothing of runs that are alive",
		Long: "Clean removes the containers, networks and volumes of runs whose process is dead, and the runs that\n" +
			"failed Go tests of this user left in the temporary folder, unless a test still uses them. Where a run\n" +
			"of this user was killed while servers of an external ensemble were paused or down, it gives the\n" +
			"commands that undo that. With --servers it looks into an external ensemble instead. There it removes\n" +
			"the znodes of \"zklab ensemble check\" that were killed, and lists the znodes of runs. It removes none of\n" +
			"these, because it cannot know whether their runs are alive.",
		Example: `  zklab clean
  zklab clean --servers zk1:2181,zk2:2181,zk3:2181`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			if cmd.Flags().Changed("servers") {
				return nameLeftovers(ctx, cmd.OutOrStdout(), servers, access)
			}
			if access.Given() {
				return usage.Errorf("--auth and the TLS files are for an external ensemble: add --servers")
			}
			return clean(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	connect.ServersFlag(cmd, &servers)
	connect.AccessFlags(cmd, &access.Auth, &access)
	return cmd
}

// clean removes what no process uses. If no Docker engine answers, it cannot remove containers,
// which is an error only if there was nothing else to remove.
func clean(ctx context.Context, stdout, stderr io.Writer) error {
	removed, spared, err := store.CleanScratch()
	found := tellCleaned(stdout, removed, spared)
	if err != nil {
		return err
	}
	undone, spared, failed := external.Undo(ctx)
	for _, line := range undone {
		fmt.Fprintln(stdout, "undone", line)
	}
	found = tellCleaned(stdout, nil, spared) || found || len(undone) > 0
	removed, spared, err = container.Clean(ctx)
	found = tellCleaned(stdout, removed, spared) || found
	switch {
	case failed != nil:
		return errors.Join(failed, err)
	case err == nil && !found:
		fmt.Fprintln(stdout, "nothing to remove")
	case found && errors.Is(err, container.ErrNoEngine):
		fmt.Fprintf(stderr, "warning: cannot look for containers: %s\n", usage.OneLine(err))
		return nil
	}
	return err
}

// tellCleaned prints a line for each removed or spared item, and reports whether there was any.
func tellCleaned(w io.Writer, removed, spared []string) bool {
	for _, line := range removed {
		fmt.Fprintln(w, "removed", line)
	}
	for _, line := range spared {
		fmt.Fprintln(w, "spared", line)
	}
	return len(removed)+len(spared) > 0
}

// nameLeftovers removes the znodes of killed checks from an external ensemble, and prints which znodes of runs the
// ensemble has. It does not remove the znodes of runs, since it cannot know whether the runs are alive.
func nameLeftovers(ctx context.Context, w io.Writer, servers string, access ensemble.Access) error {
	hosts, chroot, err := connect.ParseServers(servers)
	if err != nil {
		return err
	}
	c := external.Config{Servers: hosts, Chroot: chroot, Access: access}
	found, err := external.Leftovers(ctx, c)
	switch {
	case errors.Is(err, external.ErrConfig):
		return usage.Errorf("%s", connect.BareReason(err))
	case err != nil:
		return err
	}
	removed, running, err := external.RemoveAbandoned(ctx, c)
	for _, path := range removed {
		fmt.Fprintf(w, "removed %s of a check that was killed\n", path)
	}
	for _, path := range running {
		fmt.Fprintf(w, "spared %s: its check runs, or was killed a moment ago\n", path)
	}
	for _, l := range found {
		fmt.Fprintf(w, "found %s of a run that began %s: if the run has ended, remove it with zkCli.sh -server %s deleteall %s\n",
			l.Path, l.Begun.Format(time.RFC3339), hosts[0], l.Path)
	}
	if len(found) == 0 {
		fmt.Fprintf(w, "no znodes of runs in %s%s\n", chroot, ensemble.RunsFolder)
	}
	return err
}
