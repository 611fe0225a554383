package workloads

import (
	"context"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// pace is the arrival process of one client: exponential gaps, so that clients
// meet by chance and not in step, at a fixed mean rate that does not care
// whether earlier operations have ended.
type pace struct {
	rng  *rand.Rand
	mean time.Duration
	next time.Duration // on the recorder's clock
	now  func() time.Duration
	ops  int // arrivals, after which none comes; 0: they go on
}

// newPace is the pace of one of the environment's clients, whose every arrival
// is so many operations.
func newPace(env *Env, operations int, rng *rand.Rand) *pace {
	p := &pace{rng: rng, mean: meanGap(operations*len(env.Clients), env.Rate), now: env.Record.Now, ops: env.Ops}
	p.next = p.now()
	p.step()
	return p
}

// longest is more than any load lasts, and far from the end of time.Duration.
const longest = 1000 * time.Hour

// meanGap is the time between arrivals of so many operations at a rate of
// operations a second.
func meanGap(operations int, rate float64) time.Duration {
	return time.Duration(min(float64(longest), float64(time.Second)*float64(operations)/rate))
}

func (p *pace) step() { p.next += time.Duration(p.rng.ExpFloat64() * float64(p.mean)) }

// arrivals are all, numbered from 1, each when its time has come, until there were enough,
// the load is over or ctx has ended.
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

// wait waits for the next arrival and gives its time; false when the load is
// over or ctx has ended.
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

// random gives a client's own source: what it does follows from the seed alone.
func random(env *Env, client int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(env.Seed), uint64(env.source(client))+1))
}

// between draws a duration from lo to hi, both included.
func between(rng *rand.Rand, lo, hi time.Duration) time.Duration {
	return lo + time.Duration(rng.Int64N(int64(hi-lo)+1))
}

// pause sleeps; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool { return await.Sleep(ctx, d) == nil }

// linger pauses behind the n-th call of those that go on until their answer is what it should
// be, the longer the more there were: a subject may answer all of them at once. It is false when
// ctx ended first.
func (e *Env) linger(ctx context.Context, n int) bool {
	return pause(ctx, min(time.Duration(n)*5*time.Millisecond, e.Bound/100))
}
