package server

import (
	"slices"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// sessions is the leader's list of sessions: when each of them expires, and
// which server its client is on. Expiry is rounded up to the next tick, and all
// sessions of a tick go together.
type sessions struct {
	tick  time.Duration
	byID  map[int64]*session
	ticks map[int64]map[int64]struct{} // sessions by the tick in which they expire
	first int64                        // no session expires in an earlier tick
}

type session struct {
	timeout time.Duration
	expires int64 // the tick
	owner   int   // the server; 0 until one is known
	closing bool  // its end is proposed
}

func newSessions(tick time.Duration) *sessions {
	return &sessions{tick: tick, byID: map[int64]*session{}, ticks: map[int64]map[int64]struct{}{}}
}

// add begins with a session, unless it is known.
func (l *sessions) add(id int64, timeout time.Duration, now time.Time) {
	if l.byID[id] == nil {
		l.byID[id] = &session{timeout: timeout}
		l.schedule(id, l.byID[id], timeout, now)
	}
}

// touch reports whether a session was heard of. It is false if the session is not, or
// soon no longer, there.
func (l *sessions) touch(id int64, timeout time.Duration, now time.Time) bool {
	s := l.byID[id]
	if s == nil || s.closing {
		return false
	}
	l.schedule(id, s, timeout, now)
	return true
}

// move makes server the one that a session's client is on.
func (l *sessions) move(id int64, timeout time.Duration, server int, now time.Time) bool {
	if !l.touch(id, timeout, now) {
		return false
	}
	l.byID[id].owner = server
	return true
}

// check returns OK if a session may do something through server, or else the error.
func (l *sessions) check(id int64, server int) wire.Code {
	s := l.byID[id]
	switch {
	case s == nil || s.closing:
		return wire.SessionExpired
	case s.owner == 0:
		s.owner = server
	case s.owner != server:
		return wire.SessionMoved
	}
	return wire.OK
}

// close notes that a session's end is proposed.
func (l *sessions) close(id int64) {
	if s := l.byID[id]; s != nil {
		s.closing = true
		l.unschedule(id, s)
	}
}

// expires returns when a session ends if it sends nothing more; zero for an unknown session.
func (l *sessions) expires(id int64) time.Time {
	if s := l.byID[id]; s != nil && !s.closing {
		return l.start(s.expires)
	}
	return time.Time{}
}

// start returns when a tick begins.
func (l *sessions) start(tick int64) time.Time { return time.Unix(0, tick*int64(l.tick)) }

// remove forgets a session.
func (l *sessions) remove(id int64) {
	if s := l.byID[id]; s != nil {
		l.unschedule(id, s)
		delete(l.byID, id)
	}
}

func (l *sessions) schedule(id int64, s *session, timeout time.Duration, now time.Time) {
	expires := now.Add(timeout).UnixNano()/int64(l.tick) + 1
	if expires == s.expires {
		return
	}
	l.unschedule(id, s)
	s.expires = expires
	set := l.ticks[expires]
	if set == nil {
		set = map[int64]struct{}{}
		l.ticks[expires] = set
	}
	set[id] = struct{}{}
	if l.first == 0 || expires < l.first {
		l.first = expires
	}
}

func (l *sessions) unschedule(id int64, s *session) {
	if set := l.ticks[s.expires]; set != nil {
		delete(set, id)
		if len(set) == 0 {
			delete(l.ticks, s.expires)
		}
	}
	s.expires = 0
}

// next returns when the next sessions can expire; zero if there are none.
func (l *sessions) next() time.Time {
	if len(l.ticks) == 0 {
		return time.Time{}
	}
	return l.start(l.first)
}

// expired returns the sessions that are overdue.
func (l *sessions) expired(now time.Time) (ids []int64) {
	for ; len(l.ticks) > 0 && !l.start(l.first).After(now); l.first++ {
		for id := range l.ticks[l.first] {
			ids = append(ids, id)
		}
	}
	if len(l.ticks) == 0 {
		l.first = 0
	}
	slices.Sort(ids) // no run differs from another by the order of a map
	return ids
}
