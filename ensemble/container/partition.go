package container

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

// Cut drops all packets of a link, in the networks of both servers.
func (e *cluster) Cut(ctx context.Context, from, to int) error {
	return e.disturb(ctx, ensemble.CanPartition, fmt.Sprintf("cut server %d off from server %d", to, from), link{from, to}, func(l *links) {
		l.cut = set(l.cut, link{from, to}, true)
	})
}

// Heal undoes all cuts.
func (e *cluster) Heal(ctx context.Context) error {
	return e.rearrange(ctx, "heal the network", func(l *links) { l.cut = nil })
}

// Lose drops a share of the packets of a link, chosen by chance, where they arrive.
func (e *cluster) Lose(ctx context.Context, from, to int, share float64) error {
	if !(share >= 0 && share < 1) || share > 0 && share < minLoss {
		return fmt.Errorf("cannot lose a share of %v: choose one from %v up to, but without, 1, or 0 to lose none", share, minLoss)
	}
	return e.disturb(ctx, ensemble.CanLose, fmt.Sprintf("lose packets from server %d to server %d", from, to), link{from, to}, func(l *links) {
		l.loss = set(l.loss, link{from, to}, share)
	})
}

// minLoss is the smallest share that a rule can have.
const minLoss = 1e-6

// Delay holds all packets of a link back, where they leave.
func (e *cluster) Delay(ctx context.Context, from, to int, by time.Duration) error {
	if by < 0 || by > maxDelay || by > 0 && by < time.Microsecond {
		return fmt.Errorf("cannot delay by %v: choose 1µs to %v, or 0 for none", by, maxDelay)
	}
	return e.disturb(ctx, ensemble.CanDelay, fmt.Sprintf("delay packets from server %d to server %d", from, to), link{from, to}, func(l *links) {
		l.delay = set(l.delay, link{from, to}, by)
	})
}

// maxDelay is beyond what any connection survives.
const maxDelay = time.Minute

// disturb changes the faults of one link. If this machine does not support such faults at all, the
// error says so.
func (e *cluster) disturb(ctx context.Context, needs ensemble.Ability, doing string, at link, change func(*links)) error {
	n := len(e.servers)
	for _, id := range []int{at.from, at.to} {
		if id < 1 || id > n {
			return fmt.Errorf("%s: there is no server %d: there are 1 to %d", doing, id, n)
		}
	}
	if at.from == at.to {
		return fmt.Errorf("%s: a server has no link to itself", doing)
	}
	err := e.rearrange(ctx, doing, change)
	if err != nil && ctx.Err() == nil {
		if lacks := e.Lacks(needs); lacks != nil {
			return fmt.Errorf("%s: %w", doing, lacks)
		}
	}
	return err
}

// rearrange changes the faults between servers. If it fails half way, it undoes what it did.
func (e *cluster) rearrange(ctx context.Context, doing string, change func(*links)) error {
	return e.change(ctx, func(ctx context.Context) error {
		before := e.links
		e.links = before.clone()
		change(&e.links)
		err := e.enforce(ctx)
		if err == nil {
			return nil
		}
		e.links = before
		undo, cancel := afresh(ctx)
		defer cancel()
		return fmt.Errorf("%s: %w", doing, all(err, e.enforce(undo)))
	})
}

// enforce applies the faults to the networks of all servers, at once.
func (e *cluster) enforce(ctx context.Context) error {
	return all(await.All(e.servers, func(_ int, s *server) error { return s.enforce(ctx) }))
}
