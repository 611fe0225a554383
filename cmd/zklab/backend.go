package main

import (
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
)

// The ensembles that a command can start.
const inContainers = "container"

// loopback is where servers listen unless somebody wants it otherwise, and
// where containers' ports are published.
const loopback = "127.0.0.1"

// backend says what ensemble to start.
type backend struct {
	kind  string
	nodes int
	image string // of containers; empty: the usual one
	host  string
	ports []int // one for each server; none: free ones
}

// starter makes of it what can be started, or says which flag makes no sense.
func (b backend) starter() (ensemble.Starter, error) {
	if b.nodes < 1 {
		return nil, usageError("--nodes must be more than zero")
	}
	switch b.kind {
	case inContainers:
		return b.containers()
	}
	return nil, usageError("unknown ensemble %q; known are %s", b.kind, inContainers)
}

func (b backend) containers() (ensemble.Starter, error) {
	if err := container.ValidateNodes(b.nodes); err != nil {
		return nil, usageError("%v", err)
	}
	if b.image != "" {
		if err := container.ValidateImage(b.image); err != nil {
			return nil, usageError("%v", err)
		}
	}
	if b.host != loopback {
		return nil, usageError("containers' ports are published on %s alone, not on %s", loopback, b.host)
	}
	return container.Config{Nodes: b.nodes, Image: b.image, Ports: b.ports}, nil
}

// imageFlag is the same for all commands that have one.
func imageFlag(cmd *cobra.Command, image *string) {
	cmd.Flags().StringVar(image, "image", "", "container image (default: ZKLAB_IMAGE, else the first that is present of zookeeper:3.9 and zklab/zookeeper:3.9)")
}
