package link

import "time"

// idleness measures for how long the client of a link has no connection and does not try to make one,
// for example because its library pauses before it reconnects. It is guarded by Link.mu.
type idleness struct {
	busy  int           // connections, and attempts to make one
	since time.Duration // when busy became 0
	total time.Duration // idle time before since
	// lost is the total when the client last lost the connection of a session.
	lost time.Duration
}

// change adds to the number of connections and attempts.
func (i *idleness) change(by int, now time.Duration) {
	if i.busy == 0 {
		i.total += now - i.since
	}
	i.busy += by
	i.since = now
}

// until returns the total up to now.
func (i *idleness) until(now time.Duration) time.Duration {
	if i.busy > 0 {
		return i.total
	}
	return i.total + now - i.since
}

// paused returns how long the client has been idle since it last lost a connection.
func (i *idleness) paused(now time.Duration) time.Duration { return i.until(now) - i.lost }
