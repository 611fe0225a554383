package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// This file is about waits in the end of a run. Under load hardly any wait is long: whatever
// comes next wakes whoever missed what came before. So once all is healed and nothing else is under way,
// one client waits for one thing, which another one does at nearly the same moment, and who
// misses that waits for more than the bound.

// wakeups are how many of those there are on each key: in real time few, since each takes its time.
func (e *Env) wakeups() int {
	if e.Patient {
		return 10
	}
	return 3
}

// wakes has one client wait while another one does what it waits for, some times, each time other
// clients. The one begins at most a write's round trip before or behind the other: the write is seen
// while the waiter makes its requests. The error of a wait ends it: what was to be shown has been.
func (e *Env) wakes(ctx context.Context, key string, rng *rand.Rand, waits func(c *Client, n int) error, does func(c *Client, n int)) {
	if len(e.Clients) < 2 {
		return
	}
	for n := range e.wakeups() {
		if ctx.Err() != nil {
			return
		}
		i := rng.IntN(len(e.Clients))
		j := (i + 1 + rng.IntN(len(e.Clients)-1)) % len(e.Clients)
		waiter, doer := e.Clients[i], e.Clients[j]
		began := e.Record.Now()
		_ = waiter.touchFor(ctx, e.OpTimeout, e.Root)
		trip := e.Record.Now() - began
		behind := between(rng, -trip, trip)
		done := make(chan error, 1)
		go func() {
			pause(ctx, max(0, -behind))
			done <- waits(waiter, n)
		}()
		pause(ctx, max(0, behind))
		does(doer, n)
		if <-done != nil {
			return
		}
	}
}

// wakeName names what is done for a wait.
func wakeName(key string, n int) string { return fmt.Sprintf("wake-%s-%d", key, n) }
