package recipes

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// counters are of what a client has done since it was made. They only rise.
type counters struct {
	requests, retries, attempts, settled, unknown, holds, holdsLost, sessions, sessionsLost, cleanUps atomic.Int64
}

// repeat counts, and tells, that something has to be done once more.
func (s *client) repeat(what string, err error) {
	s.counters.retries.Add(1)
	if s.options.Log == nil {
		return
	}
	s.tell(slog.LevelDebug, "trying again", "what", what, "error", err)
}

// tell writes to the log, if there is one. It is for what is rare.
func (s *client) tell(level slog.Level, message string, args ...any) {
	if s.options.Log != nil {
		s.options.Log.Log(context.Background(), level, message, args...)
	}
}
