package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/server"
)

// SetSequence sets the counter from which the names of a znode's next sequential children come:
// 2147483647 is the last number, at which it stays (see [ensemble.SequenceSetter]). It is a transaction
// like any other, so it holds on all servers, across restarts and changes of leader. It triggers no
// watches, and [Ensemble.Transactions] lists it as setSequence. It waits for a leader until ctx ends.
// If the leader is lost meanwhile, the error says so, and the counter may be set or not.
func (e *Ensemble) SetSequence(ctx context.Context, path string, next int32) error {
	for {
		for _, s := range e.servers {
			if err := s.setSequence(ctx, path, next); !errors.Is(err, server.ErrNotLeading) {
				return wrapSequence(path, err)
			}
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return wrapSequence(path, fmt.Errorf("no server leads: %w", context.Cause(ctx)))
		case <-e.closed:
			return ErrClosed
		}
	}
}

func wrapSequence(path string, err error) error {
	if err != nil {
		return fmt.Errorf("set the sequence counter of %s: %w", path, err)
	}
	return nil
}

// setSequence asks a server that could lead.
func (s *Server) setSequence(ctx context.Context, path string, next int32) error {
	run := s.current()
	if run == nil || run.Paused() {
		return server.ErrNotLeading
	}
	return run.SetSequence(ctx, path, next)
}
