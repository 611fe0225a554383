package cli

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/zk/zoocfg"
)

// The ensembles that a command can start.
const (
	inProcess    = "embedded" // in this process; the default
	inContainers = "container"
	inFiles      = "files" // for somebody else to start
)

var kinds = []string{inProcess, inContainers}

// allKinds lists the kinds that an experiment can have.
var allKinds = append(slices.Clone(kinds), fromElsewhere)

// aboutKind says in a few words what an ensemble of a kind is.
var aboutKind = map[string]string{
	inProcess: "servers in this process", inContainers: "Apache ZooKeeper", fromElsewhere: "your own ensemble, at --servers",
}

// loopback is where servers listen unless somebody wants it otherwise, and
// where containers' ports are published.
const loopback = "127.0.0.1"

// backend says what ensemble to start.
type backend struct {
	kind  string
	nodes int
	image string // of containers; empty: the usual one
	host  string
	ports []int  // one for each server; none: free ones
	named string // host that clients are told to connect to; empty: host

	servers servers
}

// starter returns the ensemble's configuration, or an error that names the wrong flag.
func (b backend) starter() (ensemble.Starter, error) {
	if err := b.validateNodes(); err != nil {
		return nil, err
	}
	for i, port := range b.ports {
		if port < 1 || port > 65535 {
			return nil, usageError("port %d: ports are 1 to 65535", port)
		}
		if slices.Contains(b.ports[:i], port) {
			return nil, usageError("port %d is given twice", port)
		}
	}
	switch b.kind {
	case inProcess:
		return b.embedded()
	case inContainers:
		return b.containers()
	}
	return nil, unknownKind(b.kind)
}

// validateNodes returns an error if an ensemble of the kind cannot have that many servers.
func (b backend) validateNodes() error {
	if b.nodes < 1 {
		return usageError("--nodes must be more than zero")
	}
	valid := map[string]func(int) error{inProcess: embedded.ValidateNodes, inContainers: container.ValidateNodes, inFiles: validateFileNodes}[b.kind]
	if valid == nil {
		return unknownKind(b.kind)
	}
	if err := valid(b.nodes); err != nil {
		return usageError("%v", err)
	}
	return nil
}

// validateFileNodes returns an error if a configuration cannot name that many servers.
func validateFileNodes(n int) error {
	if n > zoocfg.MaxServers {
		return fmt.Errorf("%d servers are not possible: choose 1 to %d, preferably 3 or 5", n, zoocfg.MaxServers)
	}
	return nil
}

func unknownKind(kind string) error {
	if kind == fromElsewhere {
		return usageError("zklab cannot start an %s ensemble: use zklab run with --servers", kind)
	}
	return valueError{"ensemble", fmt.Sprintf("unknown ensemble %.60q%sknown are %s", kind, nearest.DidYouMean(kind, allKinds), strings.Join(allKinds, ", ")), true}
}

func (b backend) embedded() (ensemble.Starter, error) {
	if err := embedded.ValidateAdvertisedHost(b.named); err != nil {
		return nil, usageError("--advertise: %v", err)
	}
	if b.image != "" {
		return nil, valueError{field: "image", problem: "is for containers: add --ensemble " + inContainers}
	}
	c := b.servers.embedded(embedded.Config{Nodes: b.nodes, AdvertisedHost: b.named})
	for i := range b.nodes + b.servers.observers {
		port := 0 // a free one
		if len(b.ports) > 0 {
			port = b.ports[i]
		}
		c.Addrs = append(c.Addrs, net.JoinHostPort(b.host, strconv.Itoa(port)))
		if b.servers.metrics != 0 {
			c.MetricsAddrs = append(c.MetricsAddrs, net.JoinHostPort(b.host, strconv.Itoa(b.servers.metrics+i)))
		}
	}
	return c, nil
}

func (b backend) containers() (ensemble.Starter, error) {
	if b.image != "" {
		if err := container.ValidateImage(b.image); err != nil {
			return nil, usageError("%v", err)
		}
	}
	if b.named != "" {
		return nil, usageError("--advertise is for embedded servers: containers publish their ports only on %s", loopback)
	}
	if b.host != loopback {
		return nil, usageError("containers publish their ports only on %s, not on %s", loopback, b.host)
	}
	return b.servers.container(container.Config{Nodes: b.nodes, Image: b.image, Ports: b.ports}), nil
}

// imageFlag is the same for all commands that have one.
func imageFlag(cmd *cobra.Command, image *string) {
	cmd.Flags().StringVar(image, "image", "", "container image (default: ZKLAB_IMAGE, else zookeeper:3.9 or zklab/zookeeper:3.9, whichever exists locally)")
}

// ensembleFlag is the same for all commands that take an ensemble of some kinds.
func ensembleFlag(cmd *cobra.Command, kind *string, kinds []string) {
	var texts []string
	var values []cobra.Completion
	for _, k := range kinds {
		texts = append(texts, fmt.Sprintf("%s (%s)", k, aboutKind[k]))
		values = append(values, cobra.CompletionWithDesc(k, aboutKind[k]))
	}
	cmd.Flags().StringVar(kind, "ensemble", inProcess, "ensemble to run on: "+prose.List(texts, "or"))
	completes(cmd, "ensemble", choice(values...))
}

// wayOut adds to what somebody else has, an address or a folder, what can be done
// about it.
func wayOut(err error, flag string) error {
	switch {
	case errors.Is(err, embedded.ErrPortTaken):
		return fmt.Errorf("%w: free it, or choose another with %s", err, flag)
	case errors.Is(err, embedded.ErrDataInUse):
		return fmt.Errorf("%w: stop that process, or choose another folder with --data", err)
	}
	return err
}
