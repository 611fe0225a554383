package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	mobynet "github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
)

// Where the servers of either image keep their files.
const (
	confDir = "/conf"
	dataDir = "/data"
	logDir  = "/datalog"
)

var clientPort = mobynet.MustParsePort("2181/tcp")

// portTries is how often a server is started again with another port, if another process took the drawn
// port in between.
const portTries = 5

// Start starts the ensemble and waits until it is healthy. When it fails, or
// ctx ends, it leaves nothing behind.
func (c Config) Start(ctx context.Context) (ensemble.Ensemble, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	engine, err := openEngine(ctx)
	if err != nil {
		return nil, err
	}
	image, err := c.pickImage(ctx, engine)
	if err != nil {
		engine.Close()
		return nil, err
	}
	e := &cluster{run: newRun(), engine: engine, helperImage: c.helperImage(), folders: c.folders(), profile: c.profile(), missing: c.lacks(image), told: map[ensemble.Ability]*helper{}, config: c, turn: newTurn(), looking: newTurn()}
	e.profile.Image, e.profile.Digest = image.name, image.digest
	if err := c.pickSecond(ctx, e); err != nil {
		engine.Close()
		return nil, err
	}
	if err := c.startServers(ctx, e, image.name); err != nil {
		return nil, all(err, e.Close())
	}
	return e, nil
}

// startServers fills e. If it fails, e.Close removes what it has made.
func (c Config) startServers(ctx context.Context, e *cluster, image string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.lookAhead(e); err != nil {
		return err
	}
	ports, err := c.choosePorts(e.run.rng)
	if err != nil {
		return err
	}
	// Steps that make something are not cut short by ctx: the engine would
	// finish them behind our back. ctx counts between them.
	steps := context.WithoutCancel(ctx)
	network, subnet, err := createNetwork(steps, e)
	if err != nil {
		return err
	}
	e.subnet = subnet
	if c.smallDisks() {
		if err := e.makeDisks(steps, c.Nodes); err != nil {
			return err
		}
	}
	if err := c.makeVolumes(steps, e); err != nil {
		return err
	}
	if err := e.makeLibraries(steps, c.Nodes); err != nil {
		return err
	}
	e.servers = make([]*server, c.Nodes)
	group, grouped := errgroup.WithContext(ctx)
	healthy := newHealth(grouped, c.Nodes, func(ctx context.Context) error { return c.awaitHealth(ctx, e) })
	for i, port := range ports {
		group.Go(func() error {
			return c.startServer(grouped, e, serverSpec{i + 1, image, network, subnet, port, e.diskOf(i + 1), healthy, ""})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return e.change(ctx, e.enforce)
}

// lookAhead returns an error if the machine lacks an ability of the network that was asked for.
func (c Config) lookAhead(e *cluster) error {
	for _, a := range c.Abilities {
		if !ofNetwork(a) {
			continue
		}
		if err := e.Lacks(a); err != nil {
			return fmt.Errorf("the ensemble cannot %s: %w", a, err)
		}
		e.gated = true
	}
	return nil
}

// serverSpec describes one server before it is started.
type serverSpec struct {
	id      int
	image   string
	network string
	subnet  subnet
	port    int
	disk    string // if it has one of its own
	ready   wait.Strategy
	suffix  string // of the name
}

func (s serverSpec) name(run string) string { return fmt.Sprintf("zklab-%s-%d%s", run, s.id, s.suffix) }

// startServer starts one server of the cluster and waits until it is ready. When its drawn port was
// taken meanwhile, it draws another one.
func (c Config) startServer(ctx context.Context, e *cluster, spec serverSpec) error {
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := c.tryServer(context.WithoutCancel(ctx), e, spec)
		var broken unready
		switch {
		case err == nil:
			return nil
		case errors.As(err, &broken):
			return broken.error
		case !isPortTaken(err):
			return engineErr(fmt.Sprintf("start server %d", spec.id), err)
		case len(c.Ports) > 0 || try == portTries:
			return portErr(spec.port, err)
		}
		// The engine leaves the container behind, created but not started.
		if s := e.servers[spec.id-1]; s != nil {
			if err := remove(context.WithoutCancel(ctx), e.engine, s.container()); err != nil {
				return err
			}
		}
		spec.port = e.redrawPort(spec.port)
	}
}

// tryServer starts one server once. When it fails it may leave a container behind.
func (c Config) tryServer(ctx context.Context, e *cluster, spec serverSpec) error {
	made, err := c.createServer(ctx, e, spec)
	if err != nil {
		return err
	}
	s := &server{cluster: e, id: spec.id, addr: net.JoinHostPort(loopback.String(), strconv.Itoa(spec.port)), spec: spec}
	s.now.Store(made)
	s.spec.ready = nil
	e.servers[spec.id-1] = s
	ctx, cancel := context.WithTimeout(ctx, stepTimeout+c.StartTimeout)
	defer cancel()
	err = made.Start(ctx)
	made.WaitingFor = nil // a later start must not wait for the other servers
	return err
}

func (c Config) createServer(ctx context.Context, e *cluster, spec serverSpec) (*testcontainers.DockerContainer, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return create(ctx, e.engine, testcontainers.ContainerRequest{
		Name: spec.name(e.run.id), Image: spec.image, Labels: e.run.labels(spec.id),
		Env: e.withLibraries(spec.id, c.env(spec.id, spec.subnet)), ExposedPorts: []string{clientPort.String()}, WaitingFor: spec.ready,
		ConfigModifier: func(config *container.Config) { config.StopSignal = "SIGTERM" },
		HostConfigModifier: func(host *container.HostConfig) {
			host.NetworkMode = container.NetworkMode(spec.network)
			host.PortBindings = mobynet.PortMap{clientPort: {{HostIP: loopback, HostPort: strconv.Itoa(spec.port)}}}
			host.Sysctls = c.sysctls()
			host.LogConfig.Type = "json-file" // one that can be read back, whatever the engine's default
			if c.smallDisks() {
				host.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: spec.disk, Target: diskDir}}
			}
			host.Mounts = slices.Concat(host.Mounts, c.volumes(e, spec.id), e.libraryMounts())
		},
		EndpointSettingsModifier: func(endpoints map[string]*mobynet.EndpointSettings) {
			address := &mobynet.EndpointIPAMConfig{IPv4Address: spec.subnet.server(spec.id)}
			endpoints[spec.network] = &mobynet.EndpointSettings{IPAMConfig: address}
		},
	})
}
