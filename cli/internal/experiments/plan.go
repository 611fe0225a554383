package experiments

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/external"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/store"
)

// printPlan prints each command that a run may use to harm a server of an external ensemble, with the command that
// undoes it, and the one that shows first that it is this server. It runs none of them.
func printPlan(w io.Writer, x store.Experiment, s plan.Schedule) error {
	if x.Ensemble != backend.FromElsewhere {
		return usage.Errorf("--plan is for an external ensemble: zklab harms servers that it has started itself without commands")
	}
	c := external.Config{Servers: x.Servers, Chroot: x.Chroot, Commands: x.Commands}
	harms := c.Harms()
	used := map[ensemble.Ability]bool{}
	for _, h := range harms {
		if _, known := used[h.By]; known {
			continue
		}
		needs, err := needed(c, h.By, s.Faults())
		if err != nil {
			return err
		}
		used[h.By] = needs
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	none, asked := true, 0
	for _, h := range harms {
		if used[h.By] {
			if none = false; h.Where != "" && h.Server != asked {
				asked = h.Server
				fmt.Fprintf(t, "server %d at %s\tis it this one\t%s\n", h.Server, h.Addr, h.Where)
			}
			fmt.Fprintf(t, "server %d at %s\t%s\t%s\n\t%s\t%s\n", h.Server, h.Addr, h.By, h.Command, "undone by", h.Undo)
		}
	}
	if none {
		fmt.Fprintln(t, "no server is harmed by a command: no fault of the run needs one")
	}
	return t.Flush()
}

// needed reports whether some fault is available only because of the command for an ability.
func needed(c external.Config, by ensemble.Ability, all []faults.Fault) (bool, error) {
	with, err := c.Sketch()
	if err != nil {
		return false, err
	}
	defer with.Close()
	without, err := c.Without(by).Sketch()
	if err != nil {
		return false, err
	}
	defer without.Close()
	for _, f := range all {
		if f.Available(faults.Setting{Ensemble: with, Processes: true}) == nil && f.Available(faults.Setting{Ensemble: without, Processes: true}) != nil {
			return true, nil
		}
	}
	return false, nil
}
