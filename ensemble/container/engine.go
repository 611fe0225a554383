package container

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

func init() {
	// Before testcontainers reads its configuration, which it does once.
	os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	tclog.SetDefault(tclog.NewNoopLogger())
}

const (
	// pingTimeout bounds the first question to the engine.
	pingTimeout = 10 * time.Second
	// stepTimeout bounds one step of starting or removing a container.
	stepTimeout = 60 * time.Second
)

// engine is what is used of Docker's client: tests have one that fails.
type engine = client.APIClient

// openEngine connects to the engine that DOCKER_HOST or the user's Docker
// context names, and makes sure that it answers.
func openEngine(ctx context.Context) (engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := pingNamed(ctx); err != nil {
		return nil, noEngine(err)
	}
	// Without the caller's cancellation: testcontainers keeps the outcome of its
	// first look for an engine for good.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	engine, err := testcontainers.NewDockerClientWithOpts(bounded)
	if err != nil {
		return nil, noEngine(err)
	}
	if _, err := engine.Ping(bounded, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		engine.Close()
		return nil, noEngine(err)
	}
	return engine, nil
}

// pingNamed asks the engine that DOCKER_HOST names. Testcontainers would go
// looking for another one when it does not answer, which is not what the user
// asked for.
func pingNamed(ctx context.Context) error {
	if os.Getenv("DOCKER_HOST") == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	named, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer named.Close()
	_, err = named.Ping(ctx, client.PingOptions{})
	return err
}

func noEngine(err error) error {
	return fmt.Errorf("%w: start it, or point DOCKER_HOST at one (%w)", ErrNoEngine, oneLine{err})
}
