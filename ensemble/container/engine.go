package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

const (
	// pingTimeout bounds the first question to the engine.
	pingTimeout = 10 * time.Second
	// stepTimeout bounds one step of starting or removing a container.
	stepTimeout = 60 * time.Second
)

// engine creates containers. Its Client does what testcontainers has no call for; tests give it
// a client that fails.
type engine = *testcontainers.DockerProvider

// openEngine connects to an engine, and makes sure that it answers. It chooses the engine that
// DOCKER_HOST names, or else the one of the user's Docker context, or else the first where engines
// usually listen.
func openEngine(ctx context.Context) (engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, first := hosts(ctx)
	for _, host := range all {
		docker, err := reach(ctx, host)
		if err == nil {
			return newEngine(docker)
		}
		if first == nil || forbids(err) && !forbids(first) { // an error of an engine that is there says more than the others
			first = err
		}
	}
	return nil, noEngine(first)
}

// hosts returns where to look for an engine: only at the host that the user has chosen, if there is
// one.
func hosts(ctx context.Context) ([]string, error) {
	if host := os.Getenv(client.EnvOverrideHost); host != "" {
		return []string{host}, nil
	}
	host := contextHost(ctx)
	if name := os.Getenv("DOCKER_CONTEXT"); host == "" && name != "" && name != "default" {
		return nil, fmt.Errorf("DOCKER_CONTEXT is %q, of which `docker context inspect` tells no host", name)
	}
	if host != "" && host != client.DefaultDockerHost {
		return []string{host}, nil
	}
	return usualHosts(), nil
}

// contextHost returns the host of the context which was chosen with `docker context use` or
// DOCKER_CONTEXT; only Docker's own command reads those. "": it tells none, or is not there.
func contextHost(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// usualHosts returns where an engine may listen for this user: the machine's engine, one without root,
// and Docker Desktop (Docker Docs, "Rootless mode" and "Docker context").
func usualHosts() []string {
	hosts := []string{client.DefaultDockerHost}
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" {
		hosts = append(hosts, "unix://"+filepath.Join(run, "docker.sock"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, folder := range []string{"run", "desktop"} {
			hosts = append(hosts, "unix://"+filepath.Join(home, ".docker", folder, "docker.sock"))
		}
	}
	return hosts
}

// reach connects to the engine at host, with the TLS that the environment says.
func reach(ctx context.Context, host string) (client.APIClient, error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	docker, err := client.New(client.FromEnv, client.WithHost(host))
	if err != nil {
		return nil, err
	}
	if _, err := docker.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		docker.Close()
		return nil, err
	}
	return docker, nil
}

// forbids reports whether an engine is there, which this user may not use. Docker's client has that as a
// text alone.
func forbids(err error) bool {
	return err != nil && (errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied"))
}

// forbiddenError is an [ErrNoEngine] for this user.
type forbiddenError struct{ err error }

func (e forbiddenError) Error() string {
	return fmt.Sprintf("this user may not use the Docker engine: add the user to the group of its socket (sudo usermod -aG docker NAME, and log in again), or point DOCKER_HOST at another engine (%s)", oneLine(e))
}

func (e forbiddenError) Unwrap() []error { return []error{ErrNoEngine, e.err} }

func noEngine(err error) error {
	if forbids(err) {
		return forbiddenError{err}
	}
	return fmt.Errorf("%w: start it, or point DOCKER_HOST at a running one (%w)", ErrNoEngine, oneLine{err})
}
