package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble/container"
)

func newDoctor() *cobra.Command {
	var image string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at what this machine has for experiments, and what is missing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			failed := false
			for _, f := range container.Check(ctx, container.Config{Image: image}) {
				mark := "ok"
				if !f.OK {
					mark, failed = "MISSING", true
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-8s %-10s %s\n", mark, f.Name, f.Detail)
			}
			if failed {
				return verdictError{exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&image, "image", "", "container image to look for")
	return cmd
}
