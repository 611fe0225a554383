package container

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/testcontainers/testcontainers-go"

	"github.com/zklab/zklab/ensemble"
)

var (
	_ ensemble.Starter   = Config{}
	_ ensemble.Ensemble  = (*cluster)(nil)
	_ ensemble.LogReader = (*cluster)(nil)
	_ ensemble.Server    = (*server)(nil)
	_ ensemble.Pauser    = (*server)(nil)
)

// cluster is a running ensemble.
type cluster struct {
	run     run
	engine  *testcontainers.DockerClient
	servers []*server
	profile ensemble.Profile

	mu     sync.Mutex // of the run's random numbers while servers start, and of Close
	closed bool
}

// Sketch is an ensemble of one server that was never started. It can be asked
// what containers offer (see faults.Fault), and nothing else.
func Sketch() ensemble.Ensemble {
	return &cluster{servers: []*server{{}}, profile: ensemble.Profile{Backend: "container", Servers: 1}}
}

func (e *cluster) Servers() []ensemble.Server {
	servers := make([]ensemble.Server, len(e.servers))
	for i, s := range e.servers {
		servers[i] = s
	}
	return servers
}

func (e *cluster) Dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout(network, addr, timeout)
}

func (e *cluster) Profile() ensemble.Profile { return e.profile }

// Close can be called again when it failed.
func (e *cluster) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	if err := removeRun(e.engine, e.run.id); err != nil {
		return fmt.Errorf("remove run %s: %w (`zklab clean` tries again)", e.run.id, err)
	}
	e.closed = true
	return e.engine.Close()
}

// redrawPort gives another port than the one that was taken. It is not held:
// whether it is free shows when the server starts.
func (e *cluster) redrawPort(taken int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		if port := firstPort + e.run.rng.IntN(lastPort-firstPort+1); port != taken {
			return port
		}
	}
}
