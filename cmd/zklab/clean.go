package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble/container"
)

func newClean() *cobra.Command {
	var servers string
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove what crashed runs left behind; spare runs that are alive",
		Long: "Clean removes the containers, networks and volumes of runs whose process is dead. With --servers\n" +
			"it looks into an ensemble that somebody else started instead, and names the znodes of runs that\n" +
			"are there: it removes nothing, since it cannot know whether their runs are alive.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			if cmd.Flags().Changed("servers") {
				return nameLeftovers(ctx, cmd.OutOrStdout(), servers)
			}
			removed, spared, err := container.Clean(ctx)
			for _, line := range removed {
				fmt.Fprintln(cmd.OutOrStdout(), "removed", line)
			}
			for _, line := range spared {
				fmt.Fprintln(cmd.OutOrStdout(), "spared", line)
			}
			if err == nil && len(removed)+len(spared) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "nothing to remove")
			}
			return err
		},
	}
	serversFlag(cmd, &servers)
	return cmd
}
