package client

import (
	"context"
	"time"
)

// turnKey is the key of a call's turn in its context.
type turnKey struct{}

// turns is how many there are.
const turns = 4096

// WithTurn gives a call, or what goes on in the background, a turn of its own, if the client is to
// wait in turn: a few microseconds at most, by which it waits longer than others. Those who wait
// for the same, such as a connection, would otherwise go on at one instant, in an order that is
// left to chance, and a run in virtual time would not repeat (timers of a bubble of
// testing/synctest that are due at one instant fire in random order).
func (cl *Client) WithTurn(ctx context.Context) context.Context {
	if !cl.Options.InTurn {
		return ctx
	}
	return context.WithValue(ctx, turnKey{}, cl.NextTurn())
}

// NextTurn is a turn for what has no context, 0 if the client does not wait in turn.
func (cl *Client) NextTurn() time.Duration {
	if !cl.Options.InTurn {
		return 0
	}
	id := uint64(cl.Conn.SessionID())
	id += id >> 56 * 11 // the server that made it: others count alike
	n := cl.turns.Add(1)
	return time.Duration((n<<6 + id&63) % turns)
}

// turn is that of a call, 0 where it has none.
func turn(ctx context.Context) time.Duration {
	d, _ := ctx.Value(turnKey{}).(time.Duration)
	return d
}
