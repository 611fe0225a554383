package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file reads which sessions a client's process used for the znodes of a key. No other session can
// own its znodes there, or have shown it anything about them. Older records do not name them, and the
// events of a client that has had only one session do not either.

// readUsed reads from a completion which sessions its client used.
func (a *Record) readUsed(e *history.Event) {
	for _, u := range e.Used {
		s := a.sessionOf(u.Session, e)
		a.readAlive(s, u.Alive, e)
		s.addSign(sign{u.Alive, uint64(max(u.Seen, 0))})
		if s.used == nil {
			s.used = map[string]int{}
		}
		if _, known := s.used[e.Key]; !known {
			s.used[e.Key] = e.Index
		}
	}
}

// usedIn returns, of some sessions, those that an operation's process used for its key, or all of them
// if the record does not name them. A call without an answer may send a request later.
func usedIn(of []*Session, op *history.Operation) []*Session {
	used := slices.DeleteFunc(slices.Clone(of), func(s *Session) bool {
		event, known := s.used[op.Key]
		return !known || op.Outcome() != history.Info && event > op.Return.Index
	})
	if len(used) == 0 {
		return of
	}
	return used
}

// Shown returns the one session that an operation used and what the record knew about it when the
// operation returned: the last time at which it was certainly alive, and the highest zxid in an answer
// to it. It returns false if the operation may have used several sessions, if the record does not say
// this, or if the session was over by then, since the operation may rest on its end.
func (a *Record) Shown(op *history.Operation) (in *Session, alive time.Duration, seen uint64, ok bool) {
	if in = a.Only(op); in == nil || op.Return == nil || in.LeftBy(op.Return) {
		return nil, 0, 0, false
	}
	if a.usedBesides(in, op) {
		return nil, 0, 0, false
	}
	if in.ID == op.Return.Session {
		return in, op.Return.Alive, uint64(max(op.Return.Seen, 0)), true
	}
	event, known := in.used[op.Key]
	return in, in.aliveAt(op.Return), a.seenIn(in, op.Return.Index), known && event <= op.Return.Index
}

// Opened reports whether an operation used only one session for its key, and whether that session
// began during the operation.
func (a *Record) Opened(op *history.Operation) bool {
	in := a.Only(op)
	if in == nil || op.Return == nil || in.First <= op.Invoke.Index {
		return false
	}
	event, known := in.used[op.Key]
	return known && event <= op.Return.Index
}

// usedBesides reports whether an operation's process used another session for its key, but never this
// one. An answer without a request then rests on the other session, even if that was over.
func (a *Record) usedBesides(in *Session, op *history.Operation) bool {
	if _, known := in.used[op.Key]; known {
		return false
	}
	life := a.LifeOf(op)
	return slices.ContainsFunc(a.ofClient[op.Client], func(s *Session) bool {
		event, known := s.used[op.Key]
		return s != in && s.Life == life && known && event <= op.Return.Index
	})
}

// maker returns the session in which an operation that began a stay created an ephemeral znode; nil if
// there are none or several.
func (a *Record) maker(op *history.Operation) (by *Session) {
	if op.Outcome() != history.OK || !a.Object.Operation(op.F).Begins {
		return nil
	}
	for _, u := range op.Return.Used {
		switch {
		case !u.Made:
		case by != nil:
			return nil
		default:
			by = a.Session(u.Session)
		}
	}
	return by
}

// UsedFor returns the sessions that a client used for a key, or all of its sessions if the record does not name
// the used ones, oldest first.
func (a *Record) UsedFor(client int, key string) []*Session {
	all := a.ofClient[client]
	used := slices.DeleteFunc(slices.Clone(all), func(s *Session) bool {
		_, known := s.used[key]
		return !known
	})
	if len(used) == 0 {
		return all
	}
	return used
}
