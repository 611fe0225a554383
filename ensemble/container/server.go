package container

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/txnlog"
)

// server is one container at a time: an upgrade replaces it.
type server struct {
	cluster *cluster // that it belongs to
	id      int
	addr    string
	spec    serverSpec // with which its containers are made
	now     atomic.Pointer[testcontainers.DockerContainer]

	// Only the caller that has the turn may use these:
	ended   bool       // by Kill or Stop, and not started since
	full    bool       // its disk
	emptied txnlog.Log // what its disk had before it was emptied
	held    bool       // its log from its disk; see HoldForces
	forced  history.ID // up to which its last loss of power has left the log
	said    []byte     // what its former containers printed
	second  bool       // its container has the image of the second version
	gate    *gate      // nil while nothing is wrong with its network
	gates   int        // started so far
	doubted string     // since when a network runs in which a lost helper may have left something
}

// container returns the server's present container.
func (s *server) container() *testcontainers.DockerContainer { return s.now.Load() }

func (s *server) ID() int      { return s.id }
func (s *server) Addr() string { return s.addr }

func (s *server) Status(ctx context.Context) (ensemble.Status, error) {
	return ensemble.AskStatus(ctx, net.DialTimeout, s.addr)
}

// Pause freezes the server's processes. Its connections stay open and get no
// answer, as in a long garbage collection. A paused server stays paused.
func (s *server) Pause(ctx context.Context) error {
	return s.freeze(ctx, true, func() error {
		_, err := s.cluster.engine.Client().ContainerPause(ctx, s.container().ID, client.ContainerPauseOptions{})
		return err
	})
}

// Resume lets a paused server go on.
func (s *server) Resume(ctx context.Context) error {
	return s.freeze(ctx, false, func() error {
		_, err := s.cluster.engine.Client().ContainerUnpause(ctx, s.container().ID, client.ContainerUnpauseOptions{})
		return err
	})
}

// Paused asks the engine.
func (s *server) Paused(ctx context.Context) (bool, error) {
	state, err := s.look(ctx)
	if err != nil {
		return false, err
	}
	return state.Paused, nil
}

// freeze pauses or resumes the server. The engine refuses to repeat what it has done already, without a
// special error code, so freeze asks it before and after.
func (s *server) freeze(ctx context.Context, want bool, do func() error) error {
	if is, err := s.Paused(ctx); err != nil || is == want {
		return err
	}
	err := insisting(ctx, do)
	if err == nil {
		return nil
	}
	if is, inspectErr := s.Paused(ctx); inspectErr == nil && is == want {
		return nil
	}
	doing := "resume"
	if want {
		doing = "pause"
	}
	return engineErr(fmt.Sprintf("%s server %d", doing, s.id), err)
}

const (
	mostFreezes  = 5 // how often freezing is tried
	freezesApart = 200 * time.Millisecond
)

// insisting does something again where the engine could not freeze a container. On
// a busy machine runc may not catch all of its processes at once; it then lets them
// go and leaves it to the caller to try again (opencontainers/runc#4388).
func insisting(ctx context.Context, do func() error) error {
	for tries := 1; ; tries++ {
		err := do()
		if err == nil || tries == mostFreezes || !strings.Contains(err.Error(), "unable to freeze") || await.Sleep(ctx, freezesApart) != nil {
			return err
		}
	}
}
