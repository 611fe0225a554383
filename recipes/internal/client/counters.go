package client

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// counters count what a client has done since it was made. They only rise.
type counters struct {
	Requests, Retries, Attempts, Settled, Unknown, Holds, HoldsLost, Sessions, SessionsLost, CleanUps atomic.Int64
}

// Repeat counts and logs that a request or an attempt is repeated.
func (cl *Client) Repeat(what string, err error) {
	cl.Counters.Retries.Add(1)
	if cl.Options.Log == nil {
		return
	}
	cl.Tell(slog.LevelDebug, "trying again", "what", what, "error", err)
}

// Tell writes to the log, if there is one. It is for rare events.
func (cl *Client) Tell(level slog.Level, message string, args ...any) {
	if cl.Options.Log != nil {
		cl.Options.Log.Log(context.Background(), level, message, args...)
	}
}
