package experiments

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects/adapter"
	"github.com/zklab/zklab/workloads"
)

// PlayedByDefault makes the help of --clients-as say that clients are processes if faults need that
// and the recipe supports it.
func PlayedByDefault(cmd *cobra.Command) {
	flag := cmd.Flags().Lookup("clients-as")
	flag.DefValue = "" // the default depends on the faults and the recipe
	flag.Usage = "how clients run: process (simulated, can be frozen and crashed; the default if faults do that and the recipe supports it), or goroutine"
}

// PlayUnlessGiven makes an exploration simulate clients as processes, since it tries freezes and
// crashes. It does so only if the recipe supports that and the user did not say how clients run.
func PlayUnlessGiven(f *Flags, x *store.Experiment) {
	w, err := f.Catalog.Named(x.Recipe, firstSubject(f.Catalog, x.Recipe))
	if err == nil && x.Simulate && f.anyClients && workloads.InProcesses(w) {
		x.ClientsAs = store.Process
	}
}

// Complete returns the experiment with all defaults filled in, for a simulation or a run in real
// time.
func Complete(x experiment.Experiment, simulate bool) (experiment.Experiment, error) {
	if simulate {
		return x.CompleteSimulated()
	}
	return x.Complete()
}

// waysOfClients lists the values of --clients-as.
var waysOfClients = []string{store.Goroutine, store.Process}

// clientCommand returns the command that each client runs as; nil for clients within this process.
func clientCommand(x store.Experiment) ([]string, error) {
	switch {
	case !slices.Contains(waysOfClients, x.ClientsAs):
		return nil, usage.ValueError{Field: "clients-as", Problem: fmt.Sprintf("is %s, not %.60q", prose.List(waysOfClients, "or"), x.ClientsAs)}
	case x.SubjectCommand != "" && strings.TrimSpace(x.SubjectCommand) == "":
		return nil, usage.ValueError{Field: "subject-command", Problem: "names no command"}
	case x.SubjectCommand != "":
		return adapter.Shell(x.SubjectCommand), nil
	case x.ClientsAs == store.Goroutine || x.Simulate:
		return nil, nil // a simulation simulates processes itself
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program's file, to run it as a client: %w", err)
	}
	return []string{self, "worker", "--subject", x.Subject}, nil
}
