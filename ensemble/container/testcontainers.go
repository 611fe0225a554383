package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// reaperVariable switches off testcontainers' reaper (Ryuk), a container that removes the others
// when this process is gone. Its image would have to be pulled; owners, labels and Clean do its work.
const reaperVariable = "TESTCONTAINERS_RYUK_DISABLED"

// Testcontainers reads its settings when it is first used, and never again. A variable overrides
// the user's ~/.testcontainers.properties.
func init() {
	os.Setenv(reaperVariable, "true")
	tclog.SetDefault(tclog.NewNoopLogger())
}

var errReaper = errors.New("other code in this process already started testcontainers-go's reaper: set " + reaperVariable + "=true")

// newEngine returns an engine that talks to Docker only through docker. It closes docker when it fails.
func newEngine(docker client.APIClient) (engine, error) {
	discovery.Do(func() { discover(docker.DaemonHost()) })
	made, err := testcontainers.NewDockerProvider(
		testcontainers.WithLogger(tclog.NewNoopLogger()),
		testcontainers.WithDefaultBridgeNetwork(testcontainers.Bridge),
		//lint:ignore SA1019 without it, testcontainers makes a network of its own where there is no bridge
		testcontainers.DefaultNetwork(testcontainers.Bridge),
	)
	if err == nil && !made.Config().RyukDisabled {
		err = errReaper
	}
	if err != nil {
		docker.Close()
		return nil, engineErr("use the Docker engine at "+docker.DaemonHost(), err)
	}
	made.SetClient(docker)
	return made, nil
}

// discovery is testcontainers' search for an engine, which it makes once in a process.
var discovery sync.Once

// discover makes testcontainers find the engine at host. By itself, it ignores Docker's contexts, and
// never retries after an error.
func discover(host string) {
	before, set := os.LookupEnv(client.EnvOverrideHost)
	os.Setenv(client.EnvOverrideHost, host)
	if found, err := testcontainers.NewDockerProvider(); err == nil {
		found.Close()
	}
	if set {
		os.Setenv(client.EnvOverrideHost, before)
	} else {
		os.Unsetenv(client.EnvOverrideHost)
	}
}

// create makes a container that is not started yet. The request has both modifiers, and its image
// must be there, or testcontainers pulls it.
func create(ctx context.Context, engine engine, request testcontainers.ContainerRequest) (*testcontainers.DockerContainer, error) {
	request = onlyAsked(request)
	if engine.Config().Config.HubImageNamePrefix != "" {
		request.Image = onHub(request.Image)
	}
	made, err := engine.CreateContainer(ctx, request)
	if err != nil {
		return nil, err
	}
	return made.(*testcontainers.DockerContainer), nil
}

// onlyAsked undoes what testcontainers adds to a request: it publishes all ports of the image where
// the request exposes none. And docker ps shows the image by the name in the request.
func onlyAsked(request testcontainers.ContainerRequest) testcontainers.ContainerRequest {
	var config *container.Config
	var host *container.HostConfig
	image, exposes := request.Image, len(request.ExposedPorts) > 0
	modify, modifyHost := request.ConfigModifier, request.HostConfigModifier
	request.ConfigModifier = func(c *container.Config) { config = c; modify(c) }
	request.HostConfigModifier = func(h *container.HostConfig) { host = h; modifyHost(h) }
	last := func(context.Context, testcontainers.ContainerRequest) error {
		config.Image = image
		if !exposes {
			config.ExposedPorts, host.PortBindings = nil, nil
		}
		return nil
	}
	request.LifecycleHooks = []testcontainers.ContainerLifecycleHooks{{PreCreates: []testcontainers.ContainerRequestHook{last}}}
	return request
}

// onHub names the registry in the name of an image of Docker Hub, in its older form.
// Testcontainers puts its setting hub.image.name.prefix before other names of such images, but our
// own settings choose the images of servers and helpers.
func onHub(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil || reference.Domain(named) != "docker.io" {
		return image
	}
	return fmt.Sprintf("index.%s", named)
}
