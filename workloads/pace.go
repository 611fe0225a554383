package workloads

import (
	"context"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// pace is the arrival process of one client: exponential gaps, so that clients meet by chance and
// not in step. The mean rate is fixed, and does not depend on whether earlier operations have
// ended.
type pace struct {
	rng  *rand.Rand
	mean time.Duration
	next time.Duration // on the recorder's clock
	now  func() time.Duration
	ops  int // number of the last arrival; 0: there is none
}

// newPace returns the pace of one of the environment's clients, each of whose arrivals is a
// number of operations.
func newPace(env *Env, operations int, rng *rand.Rand) *pace {
	p := &pace{rng: rng, mean: meanGap(operations*len(env.Clients), env.Rate), now: env.Record.Now, ops: env.Ops}
	p.next = p.now()
	p.step()
	return p
}

// longest is longer than any load, and far below the maximum of time.Duration.
const longest = 1000 * time.Hour

// meanGap returns the mean time between arrivals of some operations each, at a rate of
// operations a second.
func meanGap(operations int, rate float64) time.Duration {
	return time.Duration(min(float64(longest), float64(time.Second)*float64(operations)/rate))
}

func (p *pace) step() { p.next += time.Duration(p.rng.ExpFloat64() * float64(p.mean)) }

// arrivals yields the arrivals, numbered from 1, each when its time has come, until the
// last one, the end of the load, or the end of ctx.
func (p *pace) arrivals(ctx context.Context, over <-chan struct{}) iter.Seq2[int, time.Duration] {
	return func(yield func(int, time.Duration) bool) {
		for n := 1; p.ops == 0 || n <= p.ops; n++ {
			at, ok := p.wait(ctx, over)
			if !ok || !yield(n, at) {
				return
			}
		}
	}
}

// wait waits for the next arrival and returns its time; false if the load is over or ctx
// has ended.
func (p *pace) wait(ctx context.Context, over <-chan struct{}) (time.Duration, bool) {
	at := p.next
	p.step()
	if ctx.Err() != nil || await.Closed(over) {
		return 0, false
	}
	if d := at - p.now(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-over:
			return 0, false
		case <-ctx.Done():
			return 0, false
		}
	}
	return at, true
}

// random returns a client's own random source: its draws follow from the seed alone.
func random(env *Env, client int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(env.Seed), uint64(env.source(client))+1))
}

// between draws a duration from lo to hi, both included.
func between(rng *rand.Rand, lo, hi time.Duration) time.Duration {
	return lo + time.Duration(rng.Int64N(int64(hi-lo)+1))
}

// pause sleeps; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool { return await.Sleep(ctx, d) == nil }

// linger pauses after the n-th call of a client that repeats until the answer is right. The
// pause grows with n, since a subject may answer all calls at once. It returns false if ctx
// ends first.
func (e *Env) linger(ctx context.Context, n int) bool {
	return pause(ctx, min(time.Duration(n)*5*time.Millisecond, e.Bound/100))
}
