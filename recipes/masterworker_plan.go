package recipes

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// plan lists what a master does in one term.
type plan struct {
	m      *MasterWorker
	master *contend.Contender
	known  map[string]place // the places of the last list, by the names of their znodes
	// workers has the id of each worker that has a place, or has lost one with a task, by the id of
	// the place.
	workers map[string]string
}

// place holds what a master knows about a place.
type place struct {
	znodes.Node
	worker string // the id of its worker
	is     bool   // false: the znode only looks like a place
}

// observed holds what the master saw when it looked.
type observed struct {
	pending, lost []jobName
	free          []place // the places without a task, the one that has waited longest first
	changed       []<-chan zk.Event
}

// follow assigns tasks whenever there are places for them, until ctx ends.
func (p *plan) follow(ctx context.Context) error {
	q, z := p.m.q, p.master.Session
	if err := p.ensureFolders(ctx, z); err != nil {
		return err
	}
	var b client.Backoff
	for {
		event := q.r.Client.NextEvent()
		now, err := p.look(ctx, z)
		if errors.Is(err, zk.ErrNoNode) { // another client has removed a folder
			b.Pause(ctx)
			err = p.ensureFolders(ctx, z)
		}
		if err != nil {
			return err
		}
		if len(now.changed) > 0 && len(now.lost) == 0 && (len(now.pending) == 0 || len(now.free) == 0) {
			b = client.Backoff{}
			if err := q.r.Client.Wait(ctx, z, event, now.changed...); err != nil {
				return err
			}
			continue
		}
		done, err := p.act(ctx, z, now)
		switch {
		case err != nil && !errors.Is(err, calls.ErrAgain):
			return err
		case done:
			b = client.Backoff{}
		default:
			b.Pause(ctx)
		}
	}
}

func (p *plan) ensureFolders(ctx context.Context, z *client.Session) error {
	if err := p.m.q.ensureFolders(ctx, z); err != nil {
		return err
	}
	return p.m.q.r.Client.EnsurePath(ctx, z, p.m.workers.line.Path)
}

// look reads the present state. It lists the places before the assigned tasks, so that a place to
// which a task was assigned in between does not seem free. If the place of an assigned task is
// missing, it lists the places once more: see [JobQueue.recover].
func (p *plan) look(ctx context.Context, z *client.Session) (now observed, err error) {
	q := p.m.q
	workers, err := q.r.Client.ChildrenW(ctx, z, p.m.workers.line.Path)
	if err != nil {
		return now, err
	}
	pending, err := q.r.Client.ChildrenW(ctx, z, q.folder("pending"))
	if err != nil {
		return now, err
	}
	names, err := q.r.Client.Children(ctx, z, q.folder("taken"))
	if err != nil {
		return now, err
	}
	taken := jobs(names, kindTaken)
	now.pending, now.changed = jobs(pending.Names, kindJob), []<-chan zk.Event{workers.Changed, pending.Changed}
	busy := make(map[string]bool, len(taken))
	for _, n := range taken {
		busy[n.worker] = true
	}
	places, err := p.places(ctx, z, znodes.Nodes(workers.Names, kindMember))
	if err != nil {
		return now, err
	}
	now.free = slices.DeleteFunc(slices.Clone(places), func(p place) bool { return busy[p.ID] })
	now.lost, err = q.abandoned(ctx, z, taken, workers.Names)
	p.remember(places, now.lost)
	return now, err
}

// remember keeps the workers of the places, and of the lost tasks.
func (p *plan) remember(places []place, lost []jobName) {
	now := make(map[string]string, len(places)+len(lost))
	for _, n := range lost {
		now[n.worker] = p.workers[n.worker]
	}
	for _, place := range places {
		now[place.ID] = place.worker
	}
	p.workers = now
}

// places returns the places among the listed znodes. A persistent znode only looks like a place: no
// worker waits there. places reads each znode once.
func (p *plan) places(ctx context.Context, z *client.Session, listed []znodes.Node) (places []place, err error) {
	known := make(map[string]place, len(listed))
	for _, n := range listed {
		at, ok := p.known[n.Name]
		if !ok {
			v, err := p.m.q.r.Client.Get(ctx, z, znodes.Join(p.m.workers.line.Path, n.Name))
			switch {
			case errors.Is(err, zk.ErrNoNode):
				continue
			case err != nil:
				return nil, err
			}
			_, worker := parsePlace(v.Data)
			at = place{n, worker, v.Stat.EphemeralOwner != 0}
		}
		if known[n.Name] = at; at.is {
			places = append(places, at)
		}
	}
	p.known = known
	return places, nil
}

// act puts back the tasks whose workers have gone, or else assigns as many tasks as it can. It
// reports whether it has assigned any. It returns ErrAgain if it had to create a folder again.
func (p *plan) act(ctx context.Context, z *client.Session, now observed) (done bool, err error) {
	for _, n := range now.lost {
		if err := p.putBack(ctx, z, n); err != nil {
			return false, err
		}
	}
	if len(now.lost) > 0 {
		return false, nil
	}
	for i := range min(len(now.pending), len(now.free)) {
		assigned, err := p.assignTold(ctx, z, now.pending[i], now.free[i:])
		if err != nil {
			return done, err
		}
		done = done || assigned
	}
	return done, nil
}

// putBack puts back a task whose worker has gone.
func (p *plan) putBack(ctx context.Context, z *client.Session, n jobName) error {
	told := traceOf(ctx).PutBack
	if told == nil {
		return p.m.q.giveBack(ctx, z, n)
	}
	a, err := p.assignment(ctx, z, n)
	if err == nil {
		err = p.m.q.giveBack(ctx, z, n)
	}
	if err == nil {
		told(a)
	}
	return err
}

// assignTold assigns a task to the first of the places, and calls the trace's function Assigned.
func (p *plan) assignTold(ctx context.Context, z *client.Session, n jobName, free []place) (done bool, err error) {
	told := traceOf(ctx).Assigned
	if told == nil {
		return p.assign(ctx, z, n, free[0])
	}
	a, err := p.assignment(ctx, z, n.takenBy(free[0].ID))
	if err != nil {
		return false, err
	}
	if done, err = p.assign(ctx, z, n, free[0]); done {
		for _, at := range free {
			a.Free = append(a.Free, at.worker)
		}
		told(a)
	}
	return done, err
}

// assignment describes a task that a worker has. It reads the task.
func (p *plan) assignment(ctx context.Context, z *client.Session, n jobName) (Assignment, error) {
	v, err := p.m.q.r.Client.Get(ctx, z, p.m.q.job(n.id))
	if errors.Is(err, zk.ErrNoNode) { // the task is over, or another client removed it
		err = nil
	}
	return Assignment{Task: n.id, Data: v.Data, Attempt: n.attempt, Worker: p.workers[n.worker]}, err
}

// assign assigns a task to a place, if the master, the task and the place are unchanged. It may be
// repeated: the task's znode never comes back.
func (p *plan) assign(ctx context.Context, z *client.Session, n jobName, at place) (done bool, err error) {
	q := p.m.q
	taken := n.takenBy(at.ID)
	master, worker := znodes.Join(p.m.master.x.Path, p.master.Name), znodes.Join(p.m.workers.line.Path, at.Name)
	_, err = client.Retry(ctx, q.r.Client, z, client.Write, func() ([]zk.MultiResponse, error) {
		return q.r.Client.Conn.Multi(
			present(master),
			&zk.SetDataRequest{Path: worker, Data: placeData(taken.String(), at.worker), Version: 0},
			present(q.job(n.id)), gone(q.pending(n)), newZnode(q.taken(taken), nil))
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, zk.ErrBadVersion):
		return false, nil
	case !errors.Is(err, zk.ErrNoNode):
		return false, err
	}
	// The task ended since it was listed. Or another client deleted it, and masters would try what
	// is left of it for ever; neither of the two znodes ever comes back.
	switch _, err = q.r.Client.Get(ctx, z, q.job(n.id)); {
	case errors.Is(err, zk.ErrNoNode):
		_, err = q.r.Client.Remove(ctx, z, q.pending(n))
	case err == nil:
		err = q.mend(ctx, z, new(bool), master, worker, q.pending(n))
	}
	return false, err
}
