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
	// It returns an error if the round could not begin.
	play  func(ctx context.Context, n int, rng *rand.Rand, at time.Duration) error
	after func(ctx context.Context) // the last rounds; nil: nothing
	next  int                       // number of the next round
}

// Load does rounds at the environment's rate of operations, until over is closed or each
// client has taken part in as many as it should. A round that could not begin (for example,
// a subject could not be made) is left out. Load returns an error only if no round could
// begin.
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
			pause(ctx, 100*time.Millisecond) // the obstacle takes some time to go
			continue
		}
		begun = true
	}
	if begun {
		return nil
	}
	return failed
}

// afterHeal is how many rounds are played after everything was healed. A client that is
// left waiting then was not disturbed. If Ops limits the rounds of the load, no more than
// that are played.
const afterHeal = 5

// Quiesce plays some more rounds, without faults; it stops once a round has shown a stuck
// client.
func (r *roundsRun) Quiesce(ctx context.Context) error {
	e := r.env
	if r.after != nil {
		defer r.after(ctx)
	}
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
