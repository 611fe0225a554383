package workloads

import (
	"context"
	"math/rand/v2"
	"time"
)

// roundsRun is a workload that does one round after the other.
type roundsRun struct {
	env        *Env
	operations int // of a round
	// play does the round with that number, which was meant to begin at that time (0: now).
	// The error is why it could not begin.
	play func(ctx context.Context, n int, rng *rand.Rand, at time.Duration) error
	next int // number of the next round
}

// Load does rounds until over is closed, or there were as many as each client is to take part
// in, at the environment's rate of operations. A round that could not begin (a subject could not
// be made just then) is left out; the error is that of a load in which none could.
func (r *roundsRun) Load(ctx context.Context, over <-chan struct{}) error {
	e := r.env
	rng := random(e, len(e.Clients))
	p := &pace{rng: rng, now: e.Record.Now, next: e.Record.Now(), mean: meanGap(r.operations, e.Rate), ops: e.Ops}
	var failed error
	begun := false
	r.next = 1
	for n, at := range p.arrivals(ctx, over) {
		if r.next = n + 1; !e.begins(Together, n) {
			continue
		}
		if err := r.play(ctx, n, rng, at); err != nil {
			failed = err
			pause(ctx, 100*time.Millisecond) // whatever is in the way takes some time
			continue
		}
		begun = true
	}
	if begun {
		return nil
	}
	return failed
}

// afterHeal is how many rounds are played after everything was healed: who is
// left waiting then was not disturbed. They are no more than those that were disturbed
// where these are counted.
const afterHeal = 5

// Quiesce plays some rounds more, which nothing disturbs, and no more once one has
// shown somebody to be stuck.
func (r *roundsRun) Quiesce(ctx context.Context) error {
	e := r.env
	rng := random(e, len(e.Clients)+1)
	rounds := afterHeal
	if e.Ops > 0 {
		rounds = min(rounds, e.Ops)
	}
	for n := r.next; n < r.next+rounds && ctx.Err() == nil; n++ {
		began := e.Record.Now()
		if err := r.play(ctx, n, rng, 0); err != nil {
			return err
		}
		if e.Record.Now()-began > e.Bound {
			break
		}
	}
	return nil
}
