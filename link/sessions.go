package link

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// closeReply is history.Dead.By for a death that the link has seen.
const closeReply = "close-reply"

// Session returns the most recently connected session. ok is false before the first session.
func (l *Link) Session() (s Session, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newest == nil {
		return Session{}, false
	}
	return l.newest.snapshot(), true
}

// Sessions lists all sessions so far, the most recently connected first.
func (l *Link) Sessions() []Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.SortedFunc(maps.Values(l.sessions), func(a, b *session) int { return cmp.Compare(b.order, a.order) })
	list := make([]Session, len(all))
	for i, s := range all {
		list[i] = s.snapshot()
	}
	return list
}

// Gone returns how many sessions have expired, or are not connected although their client has not closed them.
func (l *Link) Gone() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sessions {
		if s.Expired || !s.Dead && s.conns == 0 {
			n++
		}
	}
	return n
}

// Alive returns the send time of the latest request of the session that a quorum answered
// in a way that proves the session alive at that time; 0 if there is none.
func (l *Link) Alive(id int64) time.Duration {
	alive, _ := l.Evidence(id)
	return alive
}

// Evidence returns what the link knows about a session at one moment: Alive, and the
// highest zxid in a reply to one of its requests. The request that was sent at Alive has a
// zxid that is not above that. Both are 0 if there is none.
func (l *Link) Evidence(id int64) (alive time.Duration, zxid int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.sessions[id]; s != nil {
		return s.Alive, s.Zxid
	}
	return 0, 0
}

// connected notes that a server accepted the session on a connection.
func (l *Link) connected(c *conn, res wire.ConnectResponse) *session {
	s := l.sessions[res.Session]
	if s == nil {
		s = &session{since: c.asked, answered: c.asked}
		l.sessions[res.Session] = s
	}
	l.connects++
	s.Session.Session = wire.Session{ID: res.Session, Password: res.Password, Timeout: res.Timeout}
	s.Server = c.addr
	s.conns++
	s.carrier = c.pipe.Serial()
	s.order, l.newest = l.connects, s
	s.any = s.any || c.early
	s.keptAlive(c.asked)
	l.broadcast()
	return s
}

// sessionEvent makes an event about a session. s may be nil, for a session of another link
// or an unknown one. Call it with l.mu held.
func (l *Link) sessionEvent(f string, id int64, s *session, value any) history.Event {
	e := l.wireEvent(f, id, history.Value(value))
	if s != nil {
		e.Alive, e.Seen = s.Alive, history.ID(s.Zxid)
	}
	return e
}

// recordOvertaken records that a request of a session was answered before older ones.
func (l *Link) recordOvertaken(id int64, by request, older []history.UnansweredRequest) {
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	e := l.sessionEvent(history.FOvertaken, id, l.sessions[id], history.Overtaken{Requests: older, By: by.fact()})
	l.mu.Unlock()
	l.cfg.Record(e)
}

// recordDead records, once, that a session is certainly dead: a closeSession that was sent at
// that time, or later, was answered. byClient means that the client itself sent it, and knows.
func (l *Link) recordDead(id, zxid int64, sent time.Duration, byClient bool) {
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	s := l.sessions[id]
	if s != nil && byClient {
		s.Closed = true
	}
	if s == nil || s.Dead {
		l.mu.Unlock()
		return
	}
	s.Dead = true
	e := l.sessionEvent(history.FDead, id, s, history.Dead{By: closeReply, Sent: sent})
	e.Zxid = history.ID(zxid)
	l.mu.Unlock()
	l.cfg.Record(e)
}

// wireEvent makes an event of a session without what the link knows of it.
func (l *Link) wireEvent(f string, session int64, value []byte) history.Event {
	return history.Event{
		Process: history.SessionProcess, Client: l.cfg.Client, Type: history.Info,
		F: f, Value: value, Session: history.ID(session),
	}
}
