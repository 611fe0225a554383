package promises

import "time"

// overstayed looks for ephemeral znodes of sessions that must have ended although no zxid shows
// that: their clients have been silent for two timeouts, or were told that the session had expired.
// Only a read after a write counts, since its view is at least as new as that write, and only if no
// fault disturbed anything, so that servers have no excuse.
func (j *judge) overstayed(c *conn, v *view, r *reply, of []content) {
	if v.fence == nil {
		return
	}
	asked := v.fence.at
	for i := range of {
		if of[i].stat == nil || of[i].stat.Owner == 0 {
			continue
		}
		s := j.sessions[of[i].stat.Owner]
		if s == nil || s.timeout == 0 {
			continue
		}
		switch {
		case s.expired != 0 && asked > s.expired+slack && !j.interfered(s.expired-s.timeout, asked):
			j.broken(Ephemeral, append(r.request.events(), v.fence.index, s.teller), "%s shows an ephemeral znode of session %s, though client %d had learned at %s that it had expired",
				told(c, r), s.id, s.client, at(s.expired))
		case s.left != 0 && asked > s.left+s.latest(j.Tick) && !j.interfered(s.left, asked):
			j.broken(Ephemeral, append(r.request.events(), v.fence.index, s.lastConn()), "%s shows an ephemeral znode of session %s, though client %d had left at %s, and the session had a timeout of %s",
				told(c, r), s.id, s.client, at(s.left), s.timeout)
		}
	}
}

// latest returns how long a session can live after its client has left: a server may keep it for a
// second timeout, for example if its clock is slow, and for some ticks more.
func (s *session) latest(tick time.Duration) time.Duration { return 2*s.timeout + 2*tick + slack }
