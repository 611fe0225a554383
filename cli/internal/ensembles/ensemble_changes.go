package ensembles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

// changeInterval is the time between two looks at the servers, and the time to wait for a silent one.
const changeInterval = time.Second

// tellChanges prints each change of a server's role, whatever caused it, until ctx ends.
func tellChanges(ctx context.Context, w io.Writer, servers []ensemble.Server) {
	last := rolesOf(ctx, servers)
	for await.Sleep(ctx, changeInterval) == nil {
		now := rolesOf(ctx, servers)
		if ctx.Err() != nil {
			return // this look is incomplete
		}
		for i, s := range servers {
			if now[i] != last[i] {
				fmt.Fprintf(w, "%s server %d at %s: %s (was %s)\n", time.Now().Format(time.TimeOnly), s.ID(), s.Addr(), now[i], last[i])
			}
		}
		last = now
	}
}

// rolesOf queries all servers concurrently.
func rolesOf(ctx context.Context, servers []ensemble.Server) []string {
	roles := make([]string, len(servers))
	var g errgroup.Group
	for i, s := range servers {
		g.Go(func() error {
			roles[i] = roleOf(ctx, s)
			return nil
		})
	}
	_ = g.Wait()
	return roles
}

func roleOf(ctx context.Context, s ensemble.Server) string {
	ctx, cancel := context.WithTimeout(ctx, changeInterval)
	defer cancel()
	status, err := s.Status(ctx)
	switch {
	case errors.Is(err, ensemble.ErrNotServing):
		return "not serving"
	case errors.Is(err, context.DeadlineExceeded):
		return "silent"
	case err != nil:
		return "down"
	}
	return string(status.Role)
}
