package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/store"
)

// This file is about ensembles that somebody else started.

// fromElsewhere is the value of --ensemble for them.
const fromElsewhere = external.Backend

// externalFlags adds the flags that tell where such an ensemble is, and what may be done to
// its servers.
func externalFlags(cmd *cobra.Command, servers *string, c *ensemble.Commands) {
	flags := cmd.Flags()
	serversFlag(cmd, servers)
	flags.StringVar(&c.Pause, "pause-command", "", "shell command that freezes a server of --servers, such as 'docker pause zk{id}' ({id} is the server's number from 1, {host} and {port} are its address)")
	flags.StringVar(&c.Resume, "resume-command", "", "shell command that resumes a frozen server")
	flags.StringVar(&c.Kill, "kill-command", "", "shell command that kills a server of --servers, as kill -9 does")
	flags.StringVar(&c.Stop, "stop-command", "", "shell command that shuts down a server of --servers cleanly (for the faults restart and rolling)")
	flags.StringVar(&c.Start, "start-command", "", "shell command that starts a server that was killed or shut down")
	completesFiles(cmd, "pause-command", "resume-command", "kill-command", "stop-command", "start-command")
}

func serversFlag(cmd *cobra.Command, servers *string) {
	cmd.Flags().StringVar(servers, "servers", "", "connect string of an external ensemble, with all its servers: host:port,...[/chroot]")
}

// checkKind refuses flags that are for another kind of ensemble.
func checkKind(cmd *cobra.Command, x store.Experiment, f *runFlags) error {
	if x.Ensemble != fromElsewhere {
		if len(x.Servers) > 0 || x.Commands != (ensemble.Commands{}) {
			return usageError("--servers and its commands are for an external ensemble: add --ensemble %s", fromElsewhere)
		}
		return nil
	}
	switch {
	case len(x.Servers) == 0:
		return usageError("--ensemble %s needs --servers host:port,...[/chroot]", fromElsewhere)
	case cmd.Flags().Changed("nodes"):
		return usageError("--nodes is for ensembles that zklab starts: --servers determines the number")
	case x.Image != "":
		return usageError("--image is for containers: add --ensemble %s", inContainers)
	case len(f.ports) > 0:
		return usageError("--ports is for ensembles that zklab starts: --servers has the ports")
	}
	return nil
}

// parseServers reads --servers.
func parseServers(connect string) (servers []string, chroot string, err error) {
	servers, chroot, err = external.Parse(connect)
	if err != nil {
		return nil, "", usageError("--servers: %s", bareReason(err))
	}
	return servers, chroot, nil
}

// elsewhere makes of an experiment what can be looked at, or says what makes no sense.
func elsewhere(x store.Experiment) (ensemble.Starter, error) {
	c := external.Config{Servers: x.Servers, Chroot: x.Chroot, Commands: x.Commands}
	if err := c.Validate(); err != nil {
		return nil, usageError("%s", bareReason(err))
	}
	return c, nil
}

// bareReason is an error in a Config without what it is about, which the command line says.
func bareReason(err error) string {
	return strings.TrimPrefix(err.Error(), external.ErrConfig.Error()+": ")
}

// nameLeftovers prints which znodes of runs an ensemble of somebody else's has. None is
// removed: whether its run is alive cannot be known here.
func nameLeftovers(ctx context.Context, w io.Writer, connect string) error {
	servers, chroot, err := parseServers(connect)
	if err != nil {
		return err
	}
	found, err := external.Leftovers(ctx, external.Config{Servers: servers, Chroot: chroot})
	if err != nil {
		return err
	}
	for _, l := range found {
		fmt.Fprintf(w, "found %s of a run that began %s: if the run has ended, remove it with zkCli.sh -server %s deleteall %s\n",
			l.Path, l.Begun.Format(time.RFC3339), servers[0], l.Path)
	}
	if len(found) == 0 {
		fmt.Fprintf(w, "no znodes of runs in %s%s\n", chroot, ensemble.RunsFolder)
	}
	return nil
}
