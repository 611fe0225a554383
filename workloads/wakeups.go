package workloads

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// This file tests waits at the end of a run. Under load hardly any wait is long: whatever
// comes next wakes a client that missed an earlier event. So once everything is healed and
// nothing else is under way, one client waits for one event that another client causes at nearly
// the same moment. A client that misses the event then waits longer than the bound.

// wakeups returns how many of these waits there are on each key. In real time there are few, since
// each takes a while. There are also few if Ops limits the load: an exploration repeats such a run
// hundreds of times with other faults, and most of its time went into these waits.
func (e *Env) wakeups() int {
	if e.Patient && e.Ops == 0 {
		return 10
	}
	return 3
}

// wakes repeatedly makes one client wait while another does what it waits for, with other
// clients each time. The wait begins at most a write's round trip before or after the write, so the
// write happens while the waiter makes its requests. An error of a wait ends wakes: the defect has
// shown.
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
