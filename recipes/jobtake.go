package recipes

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/go-zookeeper/zk"
)

// taking is one call that takes a job.
type taking struct {
	q       *JobQueue
	place   *contender // among those who wait
	refused jobName    // the last one that could not be taken
}

// take takes a job; wait says whether to wait for one.
func (q *JobQueue) take(ctx context.Context, op string, wait bool) (j *Job, err error) {
	t := &taking{q: q}
	defer t.leave()
	err = q.attempts(ctx, op, func(ctx context.Context, z *zkSession) (o outcome, err error) {
		h, err := q.enlist(ctx, z)
		if err != nil {
			return notApplied, err
		}
		names, err := t.look(ctx, z, wait)
		if err != nil || len(names) == 0 {
			return notApplied, err
		}
		j, o, err = t.try(ctx, h, names[q.spread.pick(len(names))])
		return o, err
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// look lists the pending jobs. If there are none it waits until it is worth looking again,
// or fails with ErrEmpty.
func (t *taking) look(ctx context.Context, z *zkSession, wait bool) ([]jobName, error) {
	folder := t.q.folder("pending")
	names, err := t.q.s.children(ctx, z, folder)
	list := jobs(names, kindJob)
	switch {
	case err != nil || len(list) > 0:
		return list, err
	case wait:
		return nil, t.wait(ctx, z, folder)
	}
	if names, err = t.q.s.freshChildren(ctx, z, folder); err != nil {
		return nil, err
	}
	if list = jobs(names, kindJob); len(list) == 0 {
		return nil, ErrEmpty
	}
	return list, nil
}

// wait waits in line, and in front of it for a change of the folder. It can return early.
func (t *taking) wait(ctx context.Context, z *zkSession, folder string) error {
	idle := t.q.idle
	if t.place == nil || t.place.session != z {
		c, err := idle.join(ctx, z, nil)
		if err != nil {
			return again(err)
		}
		t.place = c
		if err := idle.front(ctx, c, true); err != nil {
			t.leave()
			return again(err)
		}
	}
	event := t.q.s.nextEvent()
	pending, err := t.q.s.childrenW(ctx, z, folder)
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return again(t.q.ensureFolders(ctx, z))
	case err != nil || len(jobs(pending.names, kindJob)) > 0:
		return err
	}
	return t.q.s.wait(ctx, z, event, pending.changed)
}

// again asks for another attempt where somebody removed what was made.
func again(err error) error {
	if err == nil || errors.Is(err, ErrRemoved) || errors.Is(err, zk.ErrNoNode) {
		return errAgain
	}
	return err
}

// leave leaves the line of those who wait, in the background.
func (t *taking) leave() {
	if t.place != nil {
		t.q.idle.abandon(t.place)
		t.place = nil
	}
}

// try takes n, if it is still there.
func (t *taking) try(ctx context.Context, h *hold, n jobName) (*Job, outcome, error) {
	q, z := t.q, h.c.session
	v, err := q.s.get(ctx, z, q.job(n.id))
	if errors.Is(err, zk.ErrNoNode) {
		// It is over since it was listed. Or somebody removed it, and what is still there of
		// it would be tried for ever; neither of the two znodes ever comes back.
		q.spread.met(true)
		_, err := q.s.remove(ctx, z, q.pending(n))
		return nil, notApplied, err
	}
	if err == nil {
		name := n.takenBy(h.c.id)
		var o outcome
		o, err = q.markers.writeOr(ctx, z, q.undo(name),
			gone(q.pending(n)), present(join(q.workers.path, h.c.name)), newZnode(q.taken(name), nil))
		switch o {
		case applied:
			q.spread.met(false)
			return newJob(q, name, h, v.data), applied, nil
		case unknown:
			return nil, unknown, err
		}
	}
	if !errors.Is(err, zk.ErrNoNode) {
		return nil, notApplied, err
	}
	q.spread.met(true)
	if t.refused != n {
		t.refused = n // somebody else took it: this client's server knows now
		return nil, notApplied, nil
	}
	// It is still listed, so something else is missing: a folder, or the worker's own znode,
	// which its monitor will notice.
	return nil, notApplied, again(q.ensureFolders(ctx, z))
}

// spread is among how many of the first jobs a worker picks one: the more, the more
// often it meets others at the same one. It is safe for concurrent use.
type spread struct {
	mu  sync.Mutex
	rng *rand.Rand
	n   int
}

func newSpread() *spread {
	id := newID()
	a, _ := strconv.ParseUint(id[:16], 16, 64)
	b, _ := strconv.ParseUint(id[16:], 16, 64)
	return &spread{rng: rand.New(rand.NewPCG(a, b)), n: 1}
}

// pick picks one of so many.
func (s *spread) pick(of int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(min(s.n, of))
}

// met takes in whether somebody else had the job that was picked.
func (s *spread) met(somebody bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if somebody {
		s.n = min(2*s.n, MaxItems)
	} else {
		s.n = max(s.n-1, 1)
	}
}
