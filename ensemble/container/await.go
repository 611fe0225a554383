package container

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/zklab/zklab/ensemble"
)

// health is testcontainers' wait strategy for all servers of one ensemble: no server is ready
// before all are healthy together. It goes by our own check, and looks at no ports.
type health struct {
	ctx     context.Context // ends when a server cannot be started
	check   func(context.Context) error
	missing atomic.Int32  // servers that have not been started yet
	done    chan struct{} // closed when err is set
	err     error         // of the check
}

func newHealth(ctx context.Context, servers int, check func(context.Context) error) *health {
	h := &health{ctx: ctx, check: check, done: make(chan struct{})}
	h.missing.Store(int32(servers))
	return h
}

// WaitUntilReady waits for the check, which the server that is started last makes. The check has its
// own context, which outlives the caller's: a start that has begun is not cut short.
func (h *health) WaitUntilReady(context.Context, wait.StrategyTarget) error {
	if h.missing.Add(-1) == 0 {
		h.err = h.check(h.ctx)
		close(h.done)
	}
	select {
	case <-h.done:
	case <-h.ctx.Done():
		return unready{context.Cause(h.ctx)}
	}
	if h.err != nil {
		return unready{h.err}
	}
	return nil
}

// unready is an error of the check. Testcontainers wraps it in text that people need not see.
type unready struct{ error }

func (u unready) Unwrap() error { return u.error }

// awaitHealth waits until the ensemble is healthy. It does not go on waiting
// when a server's process has ended, as with an image that is no ZooKeeper.
func (c Config) awaitHealth(ctx context.Context, e *cluster) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, s := range e.servers {
		go func() {
			if err := s.awaitEnd(ctx); err != nil {
				cancel(err)
			}
		}()
	}
	health, err := ensemble.WaitHealthy(ctx, e, c.StartTimeout)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%w: if this machine is busy, try fewer servers", err)
	}
	e.profile.Version = health.Servers[0].Status.Version
	return nil
}

// awaitEnd waits until the server's process ends and tells why; nil when ctx
// ended first.
func (s *server) awaitEnd(ctx context.Context) error {
	wait := s.cluster.engine.Client().ContainerWait(ctx, s.container().ID, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case end := <-wait.Result:
		return fmt.Errorf("%w: server %d ended with exit code %d: %s", ErrNotHealthy, s.id, end.StatusCode, s.lastWords(ctx))
	case <-wait.Error: // the engine's trouble shows elsewhere
		return nil
	}
}

// lastWords returns the last line of the server's log.
func (s *server) lastWords(ctx context.Context) string {
	var log bytes.Buffer
	if err := s.copyLog(ctx, &log); err != nil || log.Len() == 0 {
		return "it said nothing"
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	return fmt.Sprintf("%.200s", lines[len(lines)-1])
}
