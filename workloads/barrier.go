package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Barrier is the workload of a barrier. Each round has a fresh znode. In each round, a different
// client raises and lifts the barrier; the others come to it while it is up.
type Barrier struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Barrier, error)
}

// Name returns the name of the model.
func (Barrier) Name() string { return models.Barrier.Name }

// Maker serves the subjects to another process.
func (w Barrier) Maker() subjects.Maker { return contracts.ServeOn(contracts.Barriers, w.New) }

// Start makes nothing: every round makes its own barriers.
func (w Barrier) Start(_ context.Context, env *Env) (Run, error) {
	r := &barrierRun{env: env, make: on(contracts.Barriers, w.New)}
	r.kept = keepRounds(env, r.make, map[string]func(context.Context, *Client, string){
		models.FAwait: func(ctx context.Context, c *Client, key string) {
			_ = r.do(ctx, c, contracts.BarrierAwait, r.kept.subjects[c.ID][key], Op{Key: key, Timeout: Patience(env.Bound)})
		},
	})
	return &roundsRun{env: env, operations: len(env.Clients) + 1, play: r.round, after: r.kept.askAgain}, nil
}

type barrierRun struct {
	env  *Env
	make func(c *subjects.Client, path string) (contracts.At[subjects.Barrier], error)
	kept *keptRounds[subjects.Barrier]
}

// round uses one barrier from its creation to its end. It repeats a lift that is not acknowledged,
// so that only the recipe can cause a client to be stuck.
func (r *barrierRun) round(ctx context.Context, n int, rng *rand.Rand, at time.Duration) error {
	key := fmt.Sprintf("b%d", n)
	made, err := makeAll(ctx, r.env, key, r.make)
	if err != nil {
		return err
	}
	defer r.kept.ends(ctx, key, made)
	host := n % len(r.env.Clients)
	coordinator := r.env.Clients[host]
	_ = r.do(ctx, coordinator, contracts.BarrierRaise, made[host], Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})

	var wg sync.WaitGroup
	lifted := make(chan struct{})
	for i, c := range r.env.Clients {
		if i == host {
			continue
		}
		r.kept.begins(c, key)
		late := between(rng, 0, 10*time.Millisecond)
		wg.Go(func() {
			pause(ctx, late)
			r.await(ctx, c, key, made[i], lifted)
		})
	}
	pause(ctx, between(rng, 20*time.Millisecond, 40*time.Millisecond))
	for n, until := 1, r.env.Record.Now()+r.env.Bound; n <= liftAttempts || r.env.Record.Now() < until; n++ {
		if r.do(ctx, coordinator, contracts.BarrierLift, made[host], Op{Key: key, Timeout: r.env.OpTimeout}) == nil || !pause(ctx, 50*time.Millisecond) {
			break
		}
	}
	close(lifted)
	wg.Wait()
	return nil
}

// liftAttempts is the least number of times that a lift is tried. It is also tried until the bound
// has passed, since it may fail at once for as long as a fault lasts (missing permission).
const liftAttempts = 20

// await waits at the barrier until it passes. A client whose call failed while the barrier
// was up calls again. After the lift it calls once more, with enough time to show that it
// is stuck. The touch before each call makes sure that its server has seen the raise, so
// that passing because of an old view is an error of the recipe, not of the store.
func (r *barrierRun) await(ctx context.Context, c *Client, key string, b contracts.At[subjects.Barrier], lifted <-chan struct{}) {
	for {
		after := await.Closed(lifted)
		err := c.touchFor(ctx, r.env.OpTimeout, r.env.Root)
		if err == nil && r.do(ctx, c, contracts.BarrierAwait, b, Op{Key: key, Timeout: r.env.Bound + r.env.OpTimeout}) == nil {
			return
		}
		if after {
			return
		}
		pause(ctx, 20*time.Millisecond)
	}
}

func (r *barrierRun) do(ctx context.Context, c *Client, o *contracts.Op[subjects.Barrier, contracts.None, contracts.None], b contracts.At[subjects.Barrier], op Op) error {
	_, err := operate(ctx, c, b, o, contracts.None{}, op)
	return err
}
