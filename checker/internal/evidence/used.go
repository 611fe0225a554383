package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// This file reads in which sessions a client's process used the znodes of a key. Others can neither own
// its znodes there nor have shown it anything of them. Older records do not say it, nor those of
// clients that had one session only.

// readUsed reads what a completion says of the sessions that its client used.
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

// usedIn leaves of some sessions those that an operation's process used for its key, if the record
// says which these are. A request of a call without an answer may be sent later.
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

// Shown returns what the record says of the one session in which all of an operation went on, when the
// operation returned: when the session certainly was alive last, and the highest zxid that it had
// been answered with. It returns false if there may be several sessions, or the record does not say
// it, or the session was over by then: its end, too, may be what the operation rests on.
func (a *Record) Shown(op *history.Operation) (in *Session, alive time.Duration, seen uint64, ok bool) {
	if in = a.Only(op); in == nil || op.Return == nil || in.leftBy(op.Return) {
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

// usedBesides reports whether an operation's process used another session for its key, and never this
// one: an answer that took no request rests on the other one, even if that was over.
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
