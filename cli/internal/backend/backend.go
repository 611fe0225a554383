package backend

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/zk/zoocfg"
)

// The ensembles that a command can start.
const (
	InProcess    = "embedded" // in this process; the default
	InContainers = "container"
	InFiles      = "files" // for Apache servers that the user starts
)

// Kinds lists the kinds of ensembles that a command can start and stop itself.
var Kinds = []string{InProcess, InContainers}

// AllKinds lists the kinds that an experiment can have.
var AllKinds = append(slices.Clone(Kinds), FromElsewhere)

// aboutKind says in a few words what an ensemble of a kind is.
var aboutKind = map[string]string{
	InProcess: "servers in this process", InContainers: "Apache ZooKeeper", FromElsewhere: "your own ensemble, at --servers",
}

// Loopback is the address at which servers listen by default, and at which the ports of containers
// are published.
const Loopback = "127.0.0.1"

// Backend says what ensemble to start.
type Backend struct {
	Kind  string
	Nodes int
	Image string // of containers; empty: the default image
	// UpgradeTo is the second version: an image of containers, or a version that embedded servers imitate.
	UpgradeTo string
	Host      string
	Ports     []int  // one for each server; none: free ones
	Named     string // the host in the connect string for clients; empty: Host

	Servers servers
}

// Starter returns the ensemble's configuration, or an error that names the wrong flag.
func (b Backend) Starter() (ensemble.Starter, error) {
	if err := b.ValidateNodes(); err != nil {
		return nil, err
	}
	for i, port := range b.Ports {
		if port < 1 || port > 65535 {
			return nil, usage.Errorf("port %d: ports are 1 to 65535", port)
		}
		if slices.Contains(b.Ports[:i], port) {
			return nil, usage.Errorf("port %d is given twice", port)
		}
	}
	switch b.Kind {
	case InProcess:
		return b.embedded()
	case InContainers:
		return b.containers()
	}
	return nil, UnknownKind(b.Kind)
}

// ValidateNodes returns an error if an ensemble of the kind cannot have that many servers.
func (b Backend) ValidateNodes() error {
	if b.Nodes < 1 {
		return usage.Errorf("--nodes must be more than zero")
	}
	valid := map[string]func(int) error{InProcess: embedded.ValidateNodes, InContainers: container.ValidateNodes, InFiles: validateFileNodes}[b.Kind]
	if valid == nil {
		return UnknownKind(b.Kind)
	}
	if err := valid(b.Nodes); err != nil {
		return usage.Errorf("%v", err)
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

// UnknownKind returns the error for a value of --ensemble that names no kind that can be started.
func UnknownKind(kind string) error {
	if kind == FromElsewhere {
		return usage.Errorf("zklab cannot start an %s ensemble: use zklab run with --servers", kind)
	}
	return usage.ValueError{Field: "ensemble", Problem: fmt.Sprintf("unknown ensemble %.60q%sknown are %s", kind, nearest.DidYouMean(kind, AllKinds), strings.Join(AllKinds, ", ")), Whole: true}
}

func (b Backend) embedded() (ensemble.Starter, error) {
	if err := embedded.ValidateAdvertisedHost(b.Named); err != nil {
		return nil, usage.Errorf("--advertise: %v", err)
	}
	if b.Image != "" {
		return nil, usage.ValueError{Field: "image", Problem: "is for containers: add --ensemble " + InContainers}
	}
	if err := ValidateUpgrade(b.UpgradeTo); err != nil {
		return nil, err
	}
	c := b.Servers.embedded(embedded.Config{Nodes: b.Nodes, AdvertisedHost: b.Named, UpgradeTo: b.UpgradeTo})
	for i := range b.Nodes + b.Servers.Observers {
		port := 0 // a free one
		if len(b.Ports) > 0 {
			port = b.Ports[i]
		}
		c.Addrs = append(c.Addrs, net.JoinHostPort(b.Host, strconv.Itoa(port)))
		if b.Servers.Metrics != 0 {
			c.MetricsAddrs = append(c.MetricsAddrs, net.JoinHostPort(b.Host, strconv.Itoa(b.Servers.Metrics+i)))
		}
	}
	return c, nil
}

func (b Backend) containers() (ensemble.Starter, error) {
	if b.Image != "" {
		if err := container.ValidateImage(b.Image); err != nil {
			return nil, usage.Errorf("%v", err)
		}
	}
	if b.UpgradeTo != "" {
		if err := container.ValidateImage(b.UpgradeTo); err != nil {
			return nil, usage.ValueError{Field: upgradeFlag, Problem: fmt.Sprintf("names an image of containers: %v", err)}
		}
	}
	if b.Named != "" {
		return nil, usage.Errorf("--advertise is for embedded servers: containers publish their ports only on %s", Loopback)
	}
	if b.Host != Loopback {
		return nil, usage.Errorf("containers publish their ports only on %s, not on %s", Loopback, b.Host)
	}
	return b.Servers.container(container.Config{Nodes: b.Nodes, Image: b.Image, UpgradeTo: b.UpgradeTo, Ports: b.Ports}), nil
}

// ImageFlag declares --image, the same for all commands that have it.
func ImageFlag(cmd *cobra.Command, image *string) {
	cmd.Flags().StringVar(image, "image", "", "container image (default: ZKLAB_IMAGE, else zookeeper:3.9 or zklab/zookeeper:3.9, whichever exists locally)")
}

const upgradeFlag = "upgrade-to"

// UpgradeFlag declares --upgrade-to, the same for all commands that inject faults.
func UpgradeFlag(cmd *cobra.Command, version *string) {
	cmd.Flags().StringVar(version, upgradeFlag, "", fmt.Sprintf("second version of the servers, for the fault upgrade: an image of containers, or %s or %s of embedded servers, which start as the other", embedded.V3_9, embedded.V3_8))
	usage.Completes(cmd, upgradeFlag, usage.ChoiceOf(embedded.V3_9, embedded.V3_8))
}

// ValidateUpgrade returns an error if embedded servers cannot be upgraded to a version.
func ValidateUpgrade(version string) error {
	if embedded.ValidateUpgrade(version) != nil {
		return usage.ValueError{Field: upgradeFlag, Problem: fmt.Sprintf("cannot be %.60q: embedded servers are upgraded to %s or %s, and images are for --ensemble %s", version, embedded.V3_9, embedded.V3_8, InContainers)}
	}
	return nil
}

// EnsembleFlag declares --ensemble, the same for all commands that take ensembles of some kinds.
func EnsembleFlag(cmd *cobra.Command, kind *string, kinds []string) {
	var texts []string
	var values []cobra.Completion
	for _, k := range kinds {
		texts = append(texts, fmt.Sprintf("%s (%s)", k, aboutKind[k]))
		values = append(values, cobra.CompletionWithDesc(k, aboutKind[k]))
	}
	cmd.Flags().StringVar(kind, "ensemble", InProcess, "ensemble to run on: "+prose.List(texts, "or"))
	usage.Completes(cmd, "ensemble", usage.Choice(values...))
}

// WayOut adds advice to the error about an address or a folder that another process uses.
func WayOut(err error, flag string) error {
	switch {
	case errors.Is(err, embedded.ErrPortTaken):
		return fmt.Errorf("%w: free it, or choose another with %s", err, flag)
	case errors.Is(err, embedded.ErrDataInUse):
		return fmt.Errorf("%w: stop that process, or choose another folder with --data", err)
	}
	return err
}
