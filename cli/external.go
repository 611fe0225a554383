package cli

import (
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

// checkKind refuses flags that are for another kind of ensemble. ports is the value of --ports.
func checkKind(cmd *cobra.Command, x store.Experiment, ports []int) error {
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
	case len(ports) > 0:
		return usageError("--ports is for ensembles that zklab starts: --servers has the ports")
	}
	return nil
}

// elsewhere makes of an experiment what can be looked at, or says what makes no sense.
func elsewhere(x store.Experiment) (ensemble.Starter, error) {
	c := external.Config{Servers: x.Servers, Chroot: x.Chroot, Commands: x.Commands}
	if err := c.Validate(); err != nil {
		return nil, usageError("%s", bareReason(err))
	}
	return c, nil
}
