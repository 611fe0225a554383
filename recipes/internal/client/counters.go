package client

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// counters are of what a client has done since it was made. They only rise.
type counters struct {
	Requests, Retries, Attempts, Settled, Unknown, Holds, HoldsLost, Sessions, SessionsLost, CleanUps atomic.Int64
}

// Repeat counts, and tells, that something has to be done once more.
func (s *Client) Repeat(what string, err error) {
	s.Counters.Retries.Add(1)
	if s.Options.Log == nil {
		return
	}
	s.Tell(slog.LevelDebug, "trying again", "what", what, "error", err)
}

// Tell writes to the log, if there is one. It is for what is rare.
func (s *Client) Tell(level slog.Level, message string, args ...any) {
	if s.Options.Log != nil {
		s.Options.Log.Log(context.Background(), level, message, args...)
	}
}
