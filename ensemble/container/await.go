package container

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/zklab/zklab/ensemble"
)

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
	wait := s.engine.ContainerWait(ctx, s.container, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case end := <-wait.Result:
		return fmt.Errorf("%w: server %d ended with exit code %d: %s", ErrNotHealthy, s.id, end.StatusCode, s.lastWords(ctx))
	case <-wait.Error: // the engine's trouble shows elsewhere
		return nil
	}
}

// lastWords is the last line of the server's log.
func (s *server) lastWords(ctx context.Context) string {
	var log bytes.Buffer
	if err := s.copyLog(ctx, &log, "1"); err != nil || log.Len() == 0 {
		return "it said nothing"
	}
	return fmt.Sprintf("%.200s", strings.TrimSpace(log.String()))
}
