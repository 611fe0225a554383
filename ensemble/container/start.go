package container

import (
	"context"
	"fmt"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	mobynet "github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
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

// portTries is how often a server is started again with another port, when
// somebody took the drawn one in between.
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
	e := &cluster{run: newRun(), engine: engine, helperImage: c.helperImage(), folders: c.folders(), profile: c.profile(), turn: newTurn(), looking: newTurn()}
	e.profile.Image, e.profile.Digest = image.name, image.digest
	if err := c.startServers(ctx, e, image.name); err != nil {
		return nil, all(err, e.Close())
	}
	return e, nil
}

// startServers fills e. What it has made when it fails, e.Close removes.
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
	e.servers = make([]*server, c.Nodes)
	group, grouped := errgroup.WithContext(ctx)
	for i, port := range ports {
		group.Go(func() error {
			s, err := c.startServer(grouped, e, serverSpec{i + 1, image, network, subnet, port, e.diskOf(i + 1)})
			e.servers[i] = s
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := c.awaitHealth(ctx, e); err != nil {
		return err
	}
	return e.change(ctx, e.enforce)
}

// lookAhead says what the machine lacks of what was asked for.
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

// serverSpec is what one server is started from.
type serverSpec struct {
	id      int
	image   string
	network string
	subnet  subnet
	port    int
	disk    string // if it has one of its own
}

// startServer starts one server; when its drawn port was taken meanwhile, with
// another one.
func (c Config) startServer(ctx context.Context, e *cluster, spec serverSpec) (*server, error) {
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		id, err := c.runContainer(context.WithoutCancel(ctx), e, spec)
		switch {
		case err == nil:
			return &server{cluster: e, engine: e.engine, id: spec.id, container: id, addr: hostAddr(spec.port)}, nil
		case !isPortTaken(err):
			return nil, engineErr(fmt.Sprintf("start server %d", spec.id), err)
		case len(c.Ports) > 0 || try == portTries:
			return nil, portErr(spec.port, err)
		}
		// The engine leaves the container behind, created but not started.
		if id != "" {
			if err := removeContainer(context.WithoutCancel(ctx), e.engine, id); err != nil {
				return nil, err
			}
		}
		spec.port = e.redrawPort(spec.port)
	}
}

// runContainer returns the container's id, also with an error if there is one.
func (c Config) runContainer(ctx context.Context, e *cluster, spec serverSpec) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	host := &container.HostConfig{
		NetworkMode:  container.NetworkMode(spec.network),
		PortBindings: mobynet.PortMap{clientPort: {{HostIP: loopback, HostPort: strconv.Itoa(spec.port)}}},
		Sysctls:      c.sysctls(),
		LogConfig:    container.LogConfig{Type: "json-file"}, // one that can be read back, whatever the engine's default
	}
	if c.smallDisks() {
		host.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: spec.disk, Target: diskDir}}
	}
	address := &mobynet.EndpointIPAMConfig{IPv4Address: spec.subnet.server(spec.id)}
	made, err := e.engine.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: fmt.Sprintf("zklab-%s-%d", e.run.id, spec.id),
		Config: &container.Config{
			Image: spec.image, Labels: e.run.labels(spec.id), Env: pairs(c.env(spec.id, spec.subnet)), StopSignal: "SIGTERM",
			ExposedPorts: mobynet.PortSet{clientPort: {}},
		},
		HostConfig:       host,
		NetworkingConfig: &mobynet.NetworkingConfig{EndpointsConfig: map[string]*mobynet.EndpointSettings{spec.network: {IPAMConfig: address}}},
	})
	if err != nil {
		return "", err
	}
	_, err = e.engine.ContainerStart(ctx, made.ID, client.ContainerStartOptions{})
	return made.ID, err
}

// pairs is an environment as processes have it.
func pairs(env map[string]string) (list []string) {
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}
