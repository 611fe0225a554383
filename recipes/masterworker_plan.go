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

// plan is what a master does in one term.
type plan struct {
	m      *MasterWorker
	master *contend.Contender
	known  map[string]bool // what was listed last as a place: whether it is one
}

// observed is what there was when the master looked.
type observed struct {
	pending, lost []jobName
	free          []znodes.Node // places to which nothing was assigned, those who have waited longest first
	changed       []<-chan zk.Event
}

// follow assigns, whenever there is something to assign, until ctx ends.
func (p *plan) follow(ctx context.Context) error {
	q, z := p.m.q, p.master.Session
	if err := p.ensureFolders(ctx, z); err != nil {
		return err
	}
	var b client.Backoff
	for {
		event := q.r.Client.NextEvent()
		now, err := p.look(ctx, z)
		if errors.Is(err, zk.ErrNoNode) { // somebody has removed a folder
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

// look reads the present state. The places are listed before what is assigned, so that one
// to which something was assigned since does not seem free; and of what is assigned to a
// place that is not there the places are listed once more: see [JobQueue.recover].
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
	now.free = slices.DeleteFunc(places, func(n znodes.Node) bool { return busy[n.ID] })
	now.lost, err = q.abandoned(ctx, z, taken, workers.Names)
	return now, err
}

// places are those of the listed znodes that are places: a persistent one only looks like it,
// and nobody waits there. Each is read once.
func (p *plan) places(ctx context.Context, z *client.Session, listed []znodes.Node) (places []znodes.Node, err error) {
	known := make(map[string]bool, len(listed))
	for _, n := range listed {
		is, ok := p.known[n.Name]
		if !ok {
			v, err := p.m.q.r.Client.Get(ctx, z, znodes.Join(p.m.workers.line.Path, n.Name))
			switch {
			case errors.Is(err, zk.ErrNoNode):
				continue
			case err != nil:
				return nil, err
			}
			is = v.Stat.EphemeralOwner != 0
		}
		if known[n.Name] = is; is {
			places = append(places, n)
		}
	}
	p.known = known
	return places, nil
}

// act puts back what nobody works on any more, or else assigns as much as it can. It says
// whether it has assigned anything; the error is errAgain where a folder had to be made anew.
func (p *plan) act(ctx context.Context, z *client.Session, now observed) (done bool, err error) {
	for _, n := range now.lost {
		if err := p.m.q.giveBack(ctx, z, n); err != nil {
			return false, err
		}
	}
	if len(now.lost) > 0 {
		return false, nil
	}
	for i := range min(len(now.pending), len(now.free)) {
		assigned, err := p.assign(ctx, z, now.pending[i], now.free[i])
		if err != nil {
			return done, err
		}
		done = done || assigned
	}
	return done, nil
}

// assign gives a task to a place, if the three of them are still what they were. It may be
// repeated: the task's znode never comes back.
func (p *plan) assign(ctx context.Context, z *client.Session, n jobName, place znodes.Node) (done bool, err error) {
	q := p.m.q
	taken := n.takenBy(place.ID)
	master, worker := znodes.Join(p.m.master.x.Path, p.master.Name), znodes.Join(p.m.workers.line.Path, place.Name)
	_, err = client.Retry(ctx, q.r.Client, z, client.Write, func() ([]zk.MultiResponse, error) {
		return q.r.Client.Conn.Multi(
			present(master),
			&zk.SetDataRequest{Path: worker, Data: []byte(taken.String()), Version: 0},
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
	// It is over since it was listed. Or somebody removed it, and what is still there of it
	// would be tried for ever; neither of the two znodes ever comes back.
	switch _, err = q.r.Client.Get(ctx, z, q.job(n.id)); {
	case errors.Is(err, zk.ErrNoNode):
		_, err = q.r.Client.Remove(ctx, z, q.pending(n))
	case err == nil:
		err = q.mend(ctx, z, new(bool), master, worker, q.pending(n))
	}
	return false, err
}
