package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// EmptyDisk kills servers and empties their disks. Healing starts them again, and they take over
// everything from the leader, as servers on new machines do. Acknowledged writes are on a majority of
// the disks, which may include those of the killed servers. So no disk is emptied before a write
// through each of the other servers was answered, and no other fault hits servers meanwhile: an
// ensemble that keeps ZooKeeper's promises loses nothing. The zero value hits the leader.
type EmptyDisk struct {
	Nodes Nodes // any but Majority, Followers and All
}

var _ = declare(kinds.EmptyDisk, ofServers(Kind{
	About: "kills servers and empties their disks; they are started again at the end",
	guide: []row{{"", "SIGKILL; when the other servers have everything, their transaction logs, snapshots and epochs are removed", "a connection is refused, and the disk has no file", "they are started again, take over everything from the leader, and serve"}},
	words: nodeWords,
}, func(n Nodes) Fault { return EmptyDisk{n} }, Leader, One, Minority))

// Kind returns "empty-disk".
func (EmptyDisk) Kind() string { return kinds.EmptyDisk.Name }

// Spec returns empty-disk, or empty-disk:<nodes>.
func (f EmptyDisk) Spec() string { return spec(kinds.EmptyDisk, string(f.Nodes)) }

// Available checks that disks can be emptied, and that the other servers are a majority.
func (f EmptyDisk) Available(s Setting) error {
	if err := everyServer[ensemble.DiskEmptier](s.Ensemble, "%s ensembles cannot empty servers' disks", ensemble.CanEmptyDisk); err != nil {
		return err
	}
	n := f.Nodes.or(Leader)
	if n == Majority || n == Followers || n == All {
		return fmt.Errorf("empty-disk:%s would lose what only those servers hold: give one, leader, minority, observer or a server", n)
	}
	if voters := countVoters(s.Ensemble); voters < 3 && n != Observer {
		return fmt.Errorf("empty-disk needs three voters, so that the others are a majority: the ensemble has %d", voters)
	}
	return n.available(s.Ensemble)
}

// Inject kills the chosen servers, and empties their disks once the others have everything.
func (f EmptyDisk) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(Leader)
	chosen, err := f.Nodes.choose(ctx, t, rng)
	if err != nil {
		return nil, err
	}
	all := t.Ensemble.Servers()
	claims := claimsOf("server", all)
	release, err := t.claim(claims...)
	if err != nil {
		return nil, err
	}
	e := &emptied{down{target: t, servers: chosen, claims: claims, effect: effect{release: release}}}
	e.step.Spec, e.step.Servers, e.step.Clients = f.Spec(), idsOf(chosen), t.on(addresses(chosen))
	if err := e.end(ctx, "kill", func(s ensemble.Server) error { return s.(ensemble.Killer).Kill(ctx) }); err != nil {
		return nil, err
	}
	if err := haveAll(ctx, t.Ensemble, unchosen(all, chosen)); err != nil {
		return nil, undo(ctx, e, err)
	}
	if err := e.end(ctx, "empty the disk of", func(s ensemble.Server) error { return s.(ensemble.DiskEmptier).EmptyDisk(ctx) }); err != nil {
		return nil, err
	}
	return e, nil
}

// emptied are servers that are down and have nothing on their disks.
type emptied struct{ down }

// Verify sees that each server refuses connections, and that its disk is empty.
func (e *emptied) Verify(ctx context.Context) error {
	if err := e.down.Verify(ctx); err != nil {
		return err
	}
	return together(e.servers, func(s ensemble.Server) error {
		empty, err := s.(ensemble.DiskEmptier).DiskEmpty(ctx)
		if err == nil && !empty {
			err = errors.New("it has files")
		}
		return onServer("the disk of server %d", s, err)
	})
}

// catchUp bounds how long servers may take to have everything. They elect a leader and join it in a second or two. Apache's
// may first wait twice for five seconds (zookeeper.cnxTimeout) for a connection to a server that is gone.
const catchUp = 20 * time.Second

// haveAll waits until each server answers a write. The servers that answer have then applied all that was
// acknowledged before.
func haveAll(ctx context.Context, e ensemble.Ensemble, servers []ensemble.Server) error {
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	for {
		written, err := openProbes(ctx, e, servers)
		if err == nil {
			written.close()
			return nil
		}
		if !doze(ctx, lookAgain) {
			return fmt.Errorf("the other servers may lack what these hold: %w: %w", err, ErrNoTarget)
		}
	}
}
