package client

import (
	"context"
	"time"
)

// turnKey is the key of a call's turn in its context.
type turnKey struct{}

// turns is how many turns there are.
const turns = 4096

// WithTurn gives a call, or a task in the background, a turn of its own, if the client waits in
// turn: a few microseconds at most, by which it waits longer than others. Otherwise, goroutines
// that wait for the same event, such as a connection, would go on at one instant, in random order,
// and a run in virtual time would not repeat (timers of a bubble of testing/synctest that are due
// at one instant fire in random order).
func (cl *Client) WithTurn(ctx context.Context) context.Context {
	if !cl.Options.InTurn {
		return ctx
	}
	return context.WithValue(ctx, turnKey{}, cl.NextTurn())
}

// NextTurn returns a turn for a task that has no context, or 0 if the client does not wait in turn.
func (cl *Client) NextTurn() time.Duration {
	if !cl.Options.InTurn {
		return 0
	}
	id := uint64(cl.Conn.SessionID())
	id += id >> 56 * 11 // the server that made the id: other servers count alike
	n := cl.turns.Add(1)
	return time.Duration((n<<6 + id&63) % turns)
}

// turn returns the turn of a call, or 0 if it has none.
func turn(ctx context.Context) time.Duration {
	d, _ := ctx.Value(turnKey{}).(time.Duration)
	return d
}
