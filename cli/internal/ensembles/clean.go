package ensembles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

func newClean() *cobra.Command {
	var servers string
	var access ensemble.Access
	var c cleaning
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Undo and remove what crashed runs left behind, but nothing of runs that are alive",
		Long: "Clean lists what killed runs left behind: containers, networks and volumes of runs whose process is\n" +
			"dead, and servers of external ensembles that runs of this user left paused or down, with the commands\n" +
			"that undo that. With --undo it runs these commands, and removes nothing. With --remove it also removes\n" +
			"the containers, networks and volumes. (What failed Go tests left goes by its age: see zklab prune\n" +
			"--failed-tests.)\n\n" +
			"With --servers it looks into an external ensemble instead. There it lists the znodes of \"zklab\n" +
			"ensemble check\" that were killed, which it removes with --remove, and the znodes of runs. It removes none\n" +
			"of these, because it cannot know whether their runs are alive.",
		Example: `  zklab clean
  zklab clean --undo
  zklab clean --remove
  zklab clean --remove --servers zk1:2181,zk2:2181,zk3:2181`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			switch {
			case c.undo && c.remove:
				return usage.Errorf("--remove undoes as well: give --undo or --remove")
			case c.undo && cmd.Flags().Changed("servers"):
				return usage.Errorf("--undo goes by the notes of this user's runs: leave --servers out")
			case cmd.Flags().Changed("servers"):
				return c.znodes(ctx, cmd.OutOrStdout(), servers, access)
			}
			if access.Given() {
				return usage.Errorf("--auth and the TLS files are for an external ensemble: add --servers")
			}
			return c.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&c.undo, "undo", false, "only undo what killed runs did to servers of external ensembles")
	cmd.Flags().BoolVar(&c.remove, "remove", false, "really undo and remove what is listed")
	connect.ServersFlag(cmd, &servers)
	connect.AccessFlags(cmd, &access.Auth, &access)
	return cmd
}

// cleaning says what zklab clean does with what it finds. By default it only lists it.
type cleaning struct{ undo, remove bool }

// run undoes and removes what no process uses, or lists it. If no Docker engine answers, it cannot look for
// containers, which is an error only if it found nothing else.
func (c cleaning) run(ctx context.Context, stdout, stderr io.Writer) error {
	undone, alive, failed := external.Undo(ctx, c.undo || c.remove)
	found := tellCleaned(stdout, "undo", "undone", c.undo || c.remove, undone, alive)
	if c.undo {
		if !found && failed == nil {
			fmt.Fprintln(stdout, "nothing to undo")
		}
		return failed
	}
	dead, alive, err := container.Clean(ctx, c.remove)
	found = tellCleaned(stdout, "remove", "removed", c.remove, dead, alive) || found
	tests, _, _ := store.CleanScratch(time.Now(), false) // prune tells what fails
	if n := len(tests); n > 0 {
		fmt.Fprintf(stdout, "kept %s of failed Go tests in %s: zklab prune --failed-tests --older-than 7d lists those that are old\n", prose.Count(n, "folder"), os.TempDir())
	}
	switch left := len(undone) + len(dead); {
	case failed != nil:
		return errors.Join(failed, err)
	case err == nil && !found:
		fmt.Fprintln(stdout, "nothing to remove")
	case err == nil && left > 0 && !c.remove:
		fmt.Fprintln(stdout, "this was a dry run: with --remove, clean undoes and removes all that is listed; with --undo, it only undoes")
	case found && errors.Is(err, container.ErrNoEngine):
		fmt.Fprintf(stderr, "warning: cannot look for containers: %s\n", usage.OneLine(err))
		return nil
	}
	return err
}

// tellCleaned prints a line for each item that was cleaned, or would be, and for each that a living run uses. It
// reports whether there was any.
func tellCleaned(w io.Writer, would, did string, done bool, cleaned, spared []string) bool {
	doing := "would " + would
	if done {
		doing = did
	}
	for _, line := range cleaned {
		fmt.Fprintln(w, doing, line)
	}
	for _, line := range spared {
		fmt.Fprintln(w, "spared", line)
	}
	return len(cleaned)+len(spared) > 0
}

// znodes lists the znodes of killed checks in an external ensemble, or removes them, and prints which znodes of runs
// the ensemble has. It does not remove the znodes of runs, since it cannot know whether the runs are alive.
func (c cleaning) znodes(ctx context.Context, w io.Writer, servers string, access ensemble.Access) error {
	hosts, chroot, err := connect.ParseServers(servers)
	if err != nil {
		return err
	}
	where := external.Config{Servers: hosts, Chroot: chroot, Access: access}
	found, err := external.Leftovers(ctx, where)
	switch {
	case errors.Is(err, external.ErrConfig):
		return usage.Errorf("%s", connect.BareReason(err))
	case err != nil:
		return err
	}
	killed, running, err := external.Abandoned(ctx, where, c.remove)
	for _, path := range killed {
		if c.remove {
			fmt.Fprintf(w, "removed %s of a check that was killed\n", path)
		} else {
			fmt.Fprintf(w, "would remove %s of a check that was killed (with --remove)\n", path)
		}
	}
	for _, path := range running {
		fmt.Fprintf(w, "spared %s: its check runs, or was killed a moment ago\n", path)
	}
	for _, l := range found {
		fmt.Fprintf(w, "found %s of a run that began %s: if the run has ended, remove it with zklab shell %s -c 'deleteall %s'\n",
			l.Path, l.Begun.Format(time.RFC3339), hosts[0], l.Path)
	}
	if len(found) == 0 {
		fmt.Fprintf(w, "no znodes of runs in %s%s\n", chroot, ensemble.RunsFolder)
	}
	return err
}
