package client

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"
)

// jitterKey is the key of a call's jitter in its context.
type jitterKey struct{}

// jitters is the number of different jitters, in nanoseconds.
const jitters = 4096

// WithJitter gives a call, or a task in the background, a jitter of its own if the client has the
// option Jitter: all its waits are longer by the jitter, a few microseconds at most. Without it,
// several goroutines that wait for the same event, such as a connection, would continue at the same
// instant in a random order, and a run in virtual time would not repeat (timers of a bubble of
// testing/synctest that are due at one instant fire in random order).
func (cl *Client) WithJitter(ctx context.Context) context.Context {
	if !cl.Options.Jitter {
		return ctx
	}
	return context.WithValue(ctx, jitterKey{}, cl.NextJitter())
}

// NextJitter returns a jitter for a task that has no context, or 0 if the client adds none.
func (cl *Client) NextJitter() time.Duration {
	if !cl.Options.Jitter {
		return 0
	}
	id := uint64(cl.Conn.SessionID())
	id += id >> 56 * 11 // the server that made the id: other servers use the same counts
	n := cl.jittered.Add(1)
	return time.Duration((n<<6 + id&63) % jitters)
}

// jitter returns the jitter of a call, or 0 if it has none.
func jitter(ctx context.Context) time.Duration {
	d, _ := ctx.Value(jitterKey{}).(time.Duration)
	return d
}

// TakeTurn waits for the jitter of a goroutine that received e from a watch, if the watch has ended
// with its session: go-zookeeper then wakes all goroutines that wait for watches at one instant, in
// the random order of a map.
func TakeTurn(e zk.Event, jitter time.Duration) {
	if e.Type == zk.EventNotWatching && jitter > 0 {
		time.Sleep(jitter)
	}
}
