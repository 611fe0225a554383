package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
)

// Unsynced has machines lose their power: what a server has written and not forced to its disk is lost, but for a
// beginning of a drawn length. Healing starts the servers again, in any order, with the rest. A server acknowledges a
// transaction when it is forced to the disk ("zookeeper.forceSync", Administrator's Guide), so nothing that was
// acknowledged may be lost, even if all servers lose their power at once. Just before, for a drawn time, nothing that
// is forced reaches the disks: so there is something that was written and not forced. Connections end as with [Kill].
// The zero value hits the leader.
type Unsynced struct {
	Nodes Nodes
}

var _ = declare(kinds.Unsynced, ofServers(Kind{
	About: "has servers' machines lose their power, and what was not forced to disk; they are started again at the end",
	guide: []row{{"", "machines lose power, all at the same time: as `kill`, and of what servers have written and not forced to disk only a beginning is left. The ensemble must be started for this", "a connection is refused; the ensemble reports how many transactions were lost", "they are started again, and serve"}},
	words: nodeWords,
}, func(n Nodes) Fault { return Unsynced{n} }, Leader, One, Minority, Majority, All))

// Kind returns "unsynced".
func (Unsynced) Kind() string { return kinds.Unsynced.Name }

// Spec returns unsynced, or unsynced:<nodes>.
func (f Unsynced) Spec() string { return spec(kinds.Unsynced, string(f.Nodes)) }

// Needs asks for an ensemble that was started with servers that can lose their power.
func (Unsynced) Needs() ensemble.Ability { return ensemble.CanLosePower }

// Available checks that what servers have not forced to their disks can be lost.
func (f Unsynced) Available(s Setting) error {
	if err := everyServer[ensemble.PowerLoser](s.Ensemble, "%s ensembles cannot lose what servers have not forced to disk: their machine's page cache keeps it, whatever ends their processes", ensemble.CanLosePower); err != nil {
		return err
	}
	return f.Nodes.or(Leader).available(s.Ensemble)
}

// held bounds for how long nothing reaches the disks before the power is lost: long enough for some writes, and too
// short for servers to give each other up.
const held = 500 * time.Millisecond

// Inject holds the disks of the chosen servers, and then ends the servers.
func (f Unsynced) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(Leader)
	taken, err := takeDown(ctx, t, rng, f.Nodes)
	if err != nil {
		return nil, err
	}
	e := &unpowered{*taken}
	e.step.Spec = f.Spec()
	if err := e.hold(ctx, true); err != nil {
		return nil, undo(ctx, e, err)
	}
	if !doze(ctx, time.Duration(rng.Int64N(int64(held)))) {
		return nil, undo(ctx, e, fmt.Errorf("server %s: %w", listed(e.step.Servers), context.Cause(ctx)))
	}
	if err := e.cut(ctx, rng); err != nil {
		return nil, undo(ctx, e, err)
	}
	return e, nil
}

// unpowered are servers whose machines have lost their power.
type unpowered struct{ down }

// hold keeps what is forced from reaching the disks, or lets it.
func (e *unpowered) hold(ctx context.Context, on bool) error {
	return inTurn(e.servers, func(s ensemble.Server) error {
		return onServer("hold the disk of server %d", s, s.(ensemble.PowerLoser).HoldForces(ctx, on))
	})
}

// cut ends the servers, and says what each has lost.
func (e *unpowered) cut(ctx context.Context, rng *rand.Rand) error {
	var losses []string
	for _, s := range e.servers {
		unforced, lost, err := s.(ensemble.PowerLoser).LosePower(ctx, rng.Float64())
		if err != nil {
			return fmt.Errorf("cut the power of server %d: %w", s.ID(), err)
		}
		losses = append(losses, fmt.Sprintf("server %d lost %d of %d", s.ID(), lost, unforced))
	}
	slices.Sort(losses)
	e.step.Detail = "of transactions that were not forced to disk, " + strings.Join(losses, ", ")
	return nil
}

// Heal starts the servers again and waits until each serves.
func (e *unpowered) Heal(ctx context.Context) error {
	if e.healed {
		return nil
	}
	if err := e.hold(ctx, false); err != nil {
		return err
	}
	return e.down.Heal(ctx)
}
