package backend

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/store"
)

// This file handles ensembles that zklab did not start.

// FromElsewhere is the value of --ensemble for such ensembles.
const FromElsewhere = external.Backend

// unasked is the value of --where-command that leaves out the question of --control.
const unasked = "none"

// ExternalFlags adds the flags that say where such an ensemble is, and what zklab may do to its
// servers.
func ExternalFlags(cmd *cobra.Command, servers, control *string, others *bool, auth *[]string, x *store.Experiment) {
	flags, c := cmd.Flags(), &x.Commands
	connect.ServersFlag(cmd, servers)
	connect.AccessFlags(cmd, auth, &x.Access)
	flags.StringVar(control, "control", "", "what manages the servers of --servers, whose commands then harm them: "+prose.List(external.Managers(), "or"))
	flags.BoolVar(others, "others", false, "harm servers of --servers even if other clients are connected to them")
	flags.StringVar(&c.Pause, "pause-command", "", "shell command that freezes a server of --servers, such as 'docker pause zk{id}' ({id} is the server's number from 1, {host} and {port} are its address)")
	flags.StringVar(&c.Resume, "resume-command", "", "shell command that resumes a frozen server")
	flags.StringVar(&c.Kill, "kill-command", "", "shell command that kills a server of --servers, as kill -9 does")
	flags.StringVar(&c.Stop, "stop-command", "", "shell command that shuts down a server of --servers cleanly (for the faults restart and rolling)")
	flags.StringVar(&c.Start, "start-command", "", "shell command that starts a server that was killed or shut down")
	flags.StringVar(&c.Where, "where-command", "", "shell command that prints the addresses of the server that the others harm; if none is that of the server, the run ends before any harm. --control has one; "+unasked+" leaves it out, for servers behind forwarded ports")
	usage.Completes(cmd, "control", usage.ChoiceOf(external.Managers()...))
	usage.CompletesFiles(cmd, "pause-command", "resume-command", "kill-command", "stop-command", "start-command", "where-command")
}

// Controlled puts the commands of --control into an experiment. Commands that were given by flags stay.
func Controlled(cmd *cobra.Command, control string, x *store.Experiment) error {
	if x.Ensemble != FromElsewhere {
		return usage.Errorf("--control is for an external ensemble: add --ensemble %s and --servers", FromElsewhere)
	}
	if len(x.Servers) == 0 {
		return nil // the wrong kind of ensemble is refused elsewhere
	}
	c, err := external.Control(control, x.Servers)
	if err != nil {
		return usage.Errorf("%s", connect.BareReason(err))
	}
	given := x.Commands
	x.Commands = c
	for name, field := range map[string]struct{ to, from *string }{
		"pause-command": {&x.Pause, &given.Pause}, "resume-command": {&x.Resume, &given.Resume}, "kill-command": {&x.Kill, &given.Kill},
		"stop-command": {&x.Stop, &given.Stop}, "start-command": {&x.Start, &given.Start}, "where-command": {&x.Where, &given.Where},
	} {
		if cmd.Flags().Changed(name) {
			*field.to = *field.from
		}
	}
	if x.Where == unasked {
		x.Where = ""
	}
	return nil
}

// CheckKind returns an error for flags that are for another kind of ensemble. ports is the value of
// --ports.
func CheckKind(cmd *cobra.Command, x store.Experiment, ports []int) error {
	if x.Ensemble != FromElsewhere {
		if len(x.Servers) > 0 || x.Commands != (ensemble.Commands{}) {
			return usage.Errorf("--servers and its commands are for an external ensemble: add --ensemble %s", FromElsewhere)
		}
		if x.Access.Given() {
			return usage.Errorf("--auth and the TLS files are for an external ensemble: add --ensemble %s", FromElsewhere)
		}
		return nil
	}
	switch {
	case len(x.Servers) == 0:
		return usage.Errorf("--ensemble %s needs --servers host:port,...[/chroot]", FromElsewhere)
	case cmd.Flags().Changed("nodes"):
		return usage.Errorf("--nodes is for ensembles that zklab starts: --servers determines the number")
	case x.Image != "":
		return usage.Errorf("--image is for containers: add --ensemble %s", InContainers)
	case x.UpgradeTo != "":
		return usage.Errorf("--upgrade-to is for ensembles that zklab starts: it cannot upgrade the servers of --servers")
	case len(ports) > 0:
		return usage.Errorf("--ports is for ensembles that zklab starts: --servers has the ports")
	}
	return nil
}

// Elsewhere returns the external ensemble of an experiment, or an error that says what is wrong with it.
// others allows faults to harm servers that other clients use.
func Elsewhere(x store.Experiment, others bool) (ensemble.Starter, error) {
	c := external.Config{Servers: x.Servers, Chroot: x.Chroot, Commands: x.Commands, Others: others, Access: x.Access}
	switch err := c.Validate(); {
	case errors.Is(err, external.ErrConfig):
		return nil, usage.Errorf("%s", connect.BareReason(err))
	case err != nil:
		return nil, err
	}
	return c, nil
}
