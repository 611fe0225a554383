package recipes

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Stats are counters of what all recipes of a session have done since it was made. They only
// rise, but for CleanUpsPending. For package expvar:
//
//	expvar.Publish("recipes", expvar.Func(func() any { return session.Stats() }))
type Stats struct {
	Requests int64 // that were made of the servers, heartbeats and those in the background included
	Retries  int64 // requests, and attempts at a call, that were made once more

	Attempts int64 // at calls: one each that all goes well in
	Settled  int64 // writes whose reply was lost, and of which it was found out what became of them
	Unknown  int64 // calls that failed with [ErrUnknown]

	Holds     int64 // that were acquired: of locks, leases, leadership, and of workers' leases
	HoldsLost int64 // of those: that were lost, not given back

	Sessions     int64 // on the servers, the present one included
	SessionsLost int64 // of those: that are gone while this one goes on

	CleanUps        int64 // removals in the background that have ended
	CleanUpsPending int64 // that go on now
}

// Stats returns the counters. It is safe for concurrent use; they are read one after the other.
func (s *Session) Stats() Stats {
	n := &s.counters
	return Stats{
		Requests: n.requests.Load(), Retries: n.retries.Load(),
		Attempts: n.attempts.Load(), Settled: n.settled.Load(), Unknown: n.unknown.Load(),
		Holds: n.holds.Load(), HoldsLost: n.holdsLost.Load(),
		Sessions: n.sessions.Load(), SessionsLost: n.sessionsLost.Load(),
		CleanUps: n.cleanUps.Load(), CleanUpsPending: int64(s.tasks.count()),
	}
}

type counters struct {
	requests, retries, attempts, settled, unknown, holds, holdsLost, sessions, sessionsLost, cleanUps atomic.Int64
}

// settle counts a write whose reply was lost, if its outcome is known now.
func (s *Session) settle(o outcome, err error) (outcome, error) {
	if o != unknown {
		s.counters.settled.Add(1)
	}
	return o, err
}

// repeat counts, and tells, that something has to be done once more.
func (s *Session) repeat(what string, err error) {
	s.counters.retries.Add(1)
	if s.log == nil {
		return
	}
	s.tell(slog.LevelDebug, "trying again", "what", what, "error", err)
}

// tell writes to the log, if there is one. It is for what is rare.
func (s *Session) tell(level slog.Level, message string, args ...any) {
	if s.log != nil {
		s.log.Log(context.Background(), level, message, args...)
	}
}
