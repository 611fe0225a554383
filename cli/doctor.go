package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

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
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(kinds, kind) {
				return unknownKind(kind)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			found := container.Check(ctx, container.Config{Image: image})
			if !diagnose(cmd.OutOrStdout(), found, kind == inContainers) && kind == inContainers {
				return verdictError{exitFailed}
			}
			return nil
		},
	}
	ensembleFlag(cmd, &kind, kinds)
	imageFlag(cmd, &image)
	return cmd
}

// diagnose prints what was found, and reports whether containers lack nothing. needed reports whether
// the user asked for containers.
func diagnose(w io.Writer, containers []container.Finding, needed bool) bool {
	complete := true
	fmt.Fprintf(w, "%-8s %-10s %s\n", "ok", inProcess, "servers in this process, which need only zklab (the default)")
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
		fmt.Fprintf(w, "only --ensemble %s needs what is missing\n", inContainers)
	}
	return complete
}
