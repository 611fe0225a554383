package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// ErrNotLeading is the answer to an order for a leader by a server that is none.
var ErrNotLeading = errors.New("the server does not lead")

// ErrOutcomeUnknown means that a leader was deposed, or ended, before it knew what
// becomes of an order.
var ErrOutcomeUnknown = errors.New("the leader was lost before it was committed")

// order is something that the ensemble's owner has a leader do, replicated as if a
// client had asked for it.
type order struct {
	body *tree.SetSequence
	done chan error // gets one answer
}

// SetSequence has the leader set the counter of a znode's sequential children. It
// returns when that is committed.
func (s *Server) SetSequence(ctx context.Context, path string, next int32) error {
	o := &order{body: &tree.SetSequence{Path: path, Creates: next}, done: make(chan error, 1)}
	s.inbox.put(event{what: ordered, order: o})
	select {
	case err := <-o.done:
		return err
	case <-s.ending:
		return ErrOutcomeUnknown
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Server) carryOut(o *order) {
	if s.sessions == nil {
		o.done <- ErrNotLeading
		return
	}
	s.lastID++
	s.orders[s.lastID] = o
	s.propose(&request{id: s.lastID, origin: s.cfg.Zab.ID, op: tree.OpSetSequence, body: o.body})
}

func (s *Server) carriedOut(id uint64, o *order, code wire.Code) {
	delete(s.orders, id)
	if code != wire.OK {
		o.done <- fmt.Errorf("%s: %w", o.body.Path, code)
		return
	}
	o.done <- nil
}

// giveUpOrders answers the pending orders when the leader is deposed.
func (s *Server) giveUpOrders() {
	for id, o := range s.orders {
		delete(s.orders, id)
		o.done <- ErrOutcomeUnknown
	}
}
