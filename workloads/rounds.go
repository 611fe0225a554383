package workloads

import (
	"context"
	"math/rand/v2"
	"time"
)

// rounds does one round after the other until over is closed, each of so many
// operations, at the environment's rate of operations. A round that could not
// begin (a subject could not be made just then) is left out; the error is that
// of a load in which none could. next is the number of the round that would
// come now.
func (e *Env) rounds(ctx context.Context, over <-chan struct{}, operations int, round func(n int, rng *rand.Rand, at time.Duration) error) (next int, err error) {
	rng := random(e, len(e.Clients))
	p := &pace{rng: rng, now: e.Record.Now, next: e.Record.Now(), mean: meanGap(operations, e.Rate)}
	var failed error
	begun := 0
	n := 1
	for ; ; n++ {
		at, ok := p.wait(ctx, over)
		if !ok {
			break
		}
		if err := round(n, rng, at); err != nil {
			failed = err
			pause(ctx, 100*time.Millisecond) // whatever is in the way takes some time
			continue
		}
		begun++
	}
	if begun == 0 {
		return n, failed
	}
	return n, nil
}

// calmRounds is how many rounds are played after everything was healed: who is
// left waiting then was not disturbed.
const calmRounds = 5

// calm plays some rounds after heal, and no more once one has shown somebody
// to be stuck.
func (e *Env) calm(ctx context.Context, next int, round func(n int, rng *rand.Rand, at time.Duration) error) error {
	rng := random(e, len(e.Clients)+1)
	for n := next; n < next+calmRounds && ctx.Err() == nil; n++ {
		began := e.Record.Now()
		if err := round(n, rng, 0); err != nil {
			return err
		}
		if e.Record.Now()-began > e.Bound {
			break
		}
	}
	return nil
}
