package ensembles

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble/container"
)

func newDoctor() *cobra.Command {
	var kind, image string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what this machine needs for experiments",
		Long: "Doctor checks what ensembles need. The exit code is 0 if nothing is missing for those of\n" +
			"--ensemble, else 3: embedded ensembles need nothing, containers a Docker engine and an image.\n" +
			"Things that only some faults need do not cause exit code 3.",
		Example: `  zklab doctor
  zklab doctor --ensemble container`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(backend.Kinds, kind) {
				return backend.UnknownKind(kind)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			found := container.Check(ctx, container.Config{Image: image})
			if modes, err := os.ReadFile(largePages); err == nil { // on Linux
				fmt.Fprintln(cmd.OutOrStdout(), memory(string(modes)))
			}
			if !diagnose(cmd.OutOrStdout(), found, kind == backend.InContainers) && kind == backend.InContainers {
				return usage.VerdictError{Code: usage.ExitFailed}
			}
			return nil
		},
	}
	backend.EnsembleFlag(cmd, &kind, backend.Kinds)
	backend.ImageFlag(cmd, &image)
	return cmd
}

// largePages has Linux's ways to give programs large pages of memory, with the present one in brackets.
const largePages = "/sys/kernel/mm/transparent_hugepage/enabled"

// memory describes the present way. Go programs do not ask for large pages.
func memory(modes string) string {
	if strings.Contains(modes, "[always]") {
		return fmt.Sprintf("%-8s %-10s %s", "ok", "memory", "large pages for all programs")
	}
	return fmt.Sprintf("%-8s %-10s no large pages: on a virtual machine, simulated runs may need twice the processor time; as root: echo always > %s", "without", "memory", largePages)
}

// diagnose prints what was found, and reports whether containers lack nothing. needed reports whether
// the user asked for containers.
func diagnose(w io.Writer, containers []container.Finding, needed bool) bool {
	complete := true
	fmt.Fprintf(w, "%-8s %-10s %s\n", "ok", backend.InProcess, "servers in this process, which need only zklab (the default)")
	for _, f := range containers {
		mark := "ok"
		switch {
		case !f.OK && (f.Some || !needed):
			mark = "without"
		case !f.OK:
			mark = "MISSING"
		}
		complete = complete && (f.OK || f.Some)
		fmt.Fprintf(w, "%-8s %-10s %s\n", mark, f.Name, f.Detail)
	}
	if !complete {
		fmt.Fprintf(w, "only --ensemble %s needs what is missing\n", backend.InContainers)
	}
	return complete
}
