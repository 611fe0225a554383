package external

import (
	"context"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

// othersPatience is how long connections that were closed may still be counted.
const othersPatience = 2 * time.Second

// others refuses servers that have clients, if a run may harm them. Servers that do not answer srvr cannot be asked.
func (e *cluster) others(ctx context.Context) error {
	if e.config.Commands == (ensemble.Commands{}) || e.config.Others {
		return nil
	}
	for end := time.Now().Add(othersPatience); ; {
		var addr string
		var most int
		for _, s := range e.servers {
			status, err := s.Status(ctx)
			// The connection that asks is one.
			if err == nil && status.Role != ensemble.Untold && status.Connections-1 > most {
				addr, most = s.addr, status.Connections-1
			}
		}
		switch {
		case most == 0:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case time.Now().After(end):
			return wrong("server at %s has connections of other clients (%d), and a run would harm them, too: add --others to allow that", addr, most)
		}
		_ = await.Sleep(ctx, 100*time.Millisecond)
	}
}
