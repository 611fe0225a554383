package recipes

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// taking is one call that takes a job.
type taking struct {
	contend.Waiter
	q       *JobQueue
	refused jobName // the last job that could not be taken
}

// take takes a job. If wait is set it waits for one.
func (q *JobQueue) take(ctx context.Context, op string, wait bool) (j *Job, err error) {
	t := &taking{q: q, Waiter: contend.Waiter{Standby: q.idle}}
	defer t.Leave()
	err = q.r.Attempts(ctx, op, func(ctx context.Context, z *client.Session) (o calls.Outcome, err error) {
		h, err := q.enlist(ctx, z)
		if err != nil {
			return calls.NotApplied, err
		}
		names, err := t.look(ctx, z, wait)
		if err != nil || len(names) == 0 {
			return calls.NotApplied, err
		}
		j, o, err = t.try(ctx, h, names[q.spread.pick(len(names))])
		return o, err
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// look lists the pending jobs. If there are none, it waits until another look is worth while, or
// fails with ErrEmpty.
func (t *taking) look(ctx context.Context, z *client.Session, wait bool) ([]jobName, error) {
	folder := t.q.folder("pending")
	event := t.q.r.Client.NextEvent()
	watch := wait && t.Watches(z)
	pending, err := t.q.r.Client.Listed(ctx, z, folder, watch)
	list := jobs(pending.Names, kindJob)
	switch {
	case wait && errors.Is(err, zk.ErrNoNode):
		return nil, contend.Again(t.q.ensureFolders(ctx, z))
	case err != nil && !errors.Is(err, zk.ErrNoNode) || len(list) > 0:
		return list, err
	case watch:
		return nil, t.q.r.Client.Wait(ctx, z, event, pending.Changed)
	case wait:
		return nil, t.LineUp(ctx, z)
	}
	names, err := t.q.r.Client.FreshChildren(ctx, z, folder)
	if err != nil {
		return nil, err
	}
	if list = jobs(names, kindJob); len(list) == 0 {
		return nil, ErrEmpty
	}
	return list, nil
}

// try takes n, if it is still there.
func (t *taking) try(ctx context.Context, h *contend.Hold, n jobName) (*Job, calls.Outcome, error) {
	q, z := t.q, h.Contender.Session
	v, err := q.r.Client.Get(ctx, z, q.job(n.id))
	if errors.Is(err, zk.ErrNoNode) {
		// The job ended since it was listed. Or another client deleted it, and workers would try
		// what is left of it for ever; neither of the two znodes ever comes back.
		q.spread.met(true)
		_, err := q.r.Client.Remove(ctx, z, q.pending(n))
		return nil, calls.NotApplied, err
	}
	if err == nil {
		name := n.takenBy(h.Contender.ID)
		var o calls.Outcome
		o, err = q.markers.WriteOr(ctx, z, q.undo(name),
			gone(q.pending(n)), present(znodes.Join(q.workers.Path, h.Contender.Name)), newZnode(q.taken(name), nil))
		switch o {
		case calls.Applied:
			q.spread.met(false)
			return newJob(q, name, h, v.Data), calls.Applied, nil
		case calls.Unknown:
			return nil, calls.Unknown, err
		}
	}
	if !errors.Is(err, zk.ErrNoNode) {
		return nil, calls.NotApplied, err
	}
	q.spread.met(true)
	if t.refused != n {
		t.refused = n // another worker took it: this client's server knows now
		return nil, calls.NotApplied, nil
	}
	// The job is still listed, so something else is missing: a folder, or the worker's own znode,
	// which its monitor will notice.
	return nil, calls.NotApplied, contend.Again(q.ensureFolders(ctx, z))
}

// spread is the number of first jobs from which a worker picks one. It grows the more often the
// worker meets others at the same job. It is safe for concurrent use.
type spread struct {
	mu  sync.Mutex
	rng *rand.Rand
	n   int
}

func newSpread() *spread {
	id := znodes.NewID()
	a, _ := strconv.ParseUint(id[:16], 16, 64)
	b, _ := strconv.ParseUint(id[16:], 16, 64)
	return &spread{rng: rand.New(rand.NewPCG(a, b)), n: 1}
}

// pick picks one of the first jobs of a list of length of.
func (s *spread) pick(of int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(min(s.n, of))
}

// met records whether another worker had the job that was picked.
func (s *spread) met(somebody bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if somebody {
		s.n = min(2*s.n, MaxItems)
	} else {
		s.n = max(s.n-1, 1)
	}
}
