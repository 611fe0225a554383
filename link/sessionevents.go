package link

import (
	"github.com/zklab/zklab/history"
)

// closeReply is history.Dead.By for a death that the link has seen.
const closeReply = "close-reply"

// sessionEvent makes an event about a session. s may be nil, for a session of another link
// or an unknown one. Call it with l.mu held.
func (l *Link) sessionEvent(f string, id int64, s *session, value any) history.Event {
	e := history.Event{
		Process: history.SessionProcess,
		Client:  l.cfg.Client,
		Type:    history.Info,
		F:       f,
		Value:   history.Value(value),
		Session: history.ID(id),
	}
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

// recordDead records, once, that a session is certainly dead.
func (l *Link) recordDead(id, zxid int64) {
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	s := l.sessions[id]
	if s == nil || s.Dead {
		l.mu.Unlock()
		return
	}
	s.Dead = true
	e := l.sessionEvent(history.FDead, id, s, history.Dead{By: closeReply})
	e.Zxid = history.ID(zxid)
	l.mu.Unlock()
	l.cfg.Record(e)
}
