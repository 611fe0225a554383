package link

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Session holds what a link knows about a session that it carries or carried.
type Session struct {
	wire.Session        // with the negotiated timeout
	Server       string // address, of the present connection or the last one
	Connected    bool

	// Alive is the send time of the latest request that proves the session alive at that time
	// (wire.ProvesAlive); 0 if there was none. Zxid is the highest zxid in a reply to a request of the
	// session.
	Alive time.Duration
	Zxid  int64

	Dead    bool // a reply to its closeSession was received
	Closed  bool // a reply to a closeSession of the client itself was received
	Expired bool // a server told the client that it has expired
}

// session is the link's own record of a session. It is guarded by Link.mu.
type session struct {
	Session
	conns   int   // open connections that carry it
	carrier *conn // the latest of them
	order   int   // of its latest connect, from 1

	// answered is when the latest answered request was sent. From since on, such requests
	// came less than half a timeout apart.
	answered, since time.Duration

	keys map[string]bool // the keys about whose znodes it sent requests
	any  bool            // it may have sent requests about other keys: the link could not decode one
}

// keptAlive records that a server answered a request that was sent at a time.
func (s *session) keptAlive(sent time.Duration) {
	if sent-s.answered >= s.Timeout/2 {
		s.since = sent
	}
	s.answered = max(s.answered, sent)
}

// expired returns the link's record of a server's answer that the session expired; nil
// for a session that the link did not carry.
func (s *session) expired(server string) any {
	if s == nil {
		return nil
	}
	return history.Expired{Server: server, Answered: s.answered, Since: s.since}
}

func (s *session) snapshot() Session {
	v := s.Session
	v.Password = slices.Clone(v.Password)
	v.Connected = s.conns > 0
	return v
}

// Session returns the most recently connected session. ok is false before the first session.
func (l *Link) Session() (s Session, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.newest()
	if last == nil {
		return Session{}, false
	}
	return last.snapshot(), true
}

// newest returns the session that connected last; nil before the first session. Call it with l.mu held.
func (l *Link) newest() (last *session) {
	for _, s := range l.sessions {
		if last == nil || s.order > last.order {
			last = s
		}
	}
	return last
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.sessions[id]; s != nil {
		return s.Alive
	}
	return 0
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
	s.carrier = c
	s.order = l.connects
	s.any = s.any || c.early
	s.keptAlive(c.asked)
	l.broadcast()
	return s
}

// noteReply notes what a reply says about the session.
func (s *session) noteReply(r request, h wire.ReplyHeader, code wire.Code) {
	if wire.ProvesAlive(r.op, code) {
		s.Alive = max(s.Alive, r.sent)
	}
	if h.Err != wire.SessionExpired && h.Err != wire.SessionMoved {
		s.keptAlive(r.sent)
	}
	// A ping's zxid is not one that clients carry to their next server.
	if h.Xid >= 0 {
		s.Zxid = max(s.Zxid, h.Zxid)
	}
}

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
