package link

import (
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
	conns   int    // open connections that carry it
	carrier uint64 // the number of the latest of them
	order   int    // of its latest connect, from 1

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

// location describes the server that a session is on; s may be nil. Call it with Link.mu held.
func (s *session) location() string {
	switch {
	case s == nil:
		return "client never connected"
	case s.conns == 0:
		return "client is not connected"
	}
	return "client is on " + s.Server
}
