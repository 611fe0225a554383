package evidence

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
)

// This file determines what the client of a session was told, which is all that binds its servers.
// A link sees an answer before the client does, and a fault may remove it in between: then the next
// server may be behind that answer. When the client connects again, it gives the last zxid that it
// has seen.

// missed is a connect of a session whose client had not got everything that its link had seen.
type missed struct {
	event int // the connect
	// seen and alive hold what the link knew by then; told and since hold the part of it
	// that the client had certainly got.
	seen, told   uint64
	alive, since time.Duration
	// mostSeen and mostAlive are the highest values of this connect and of those before it:
	// if an operation began with higher values, none of these connects matters to it.
	mostSeen  uint64
	mostAlive time.Duration
}

// sign is a sign of life of a session, at a zxid that is at most seen.
type sign struct {
	alive time.Duration
	seen  uint64
}

// readTold reads what an event says about what the client of its session was told.
func (a *Record) readTold(e *history.Event, s *Session) {
	seen := uint64(max(e.Seen, 0))
	if e.Process == history.SessionProcess && e.F == history.FConnected && seen > 0 {
		var c history.Connected
		a.Decode(e, &c)
		if told := uint64(max(c.Seen, 0)); told < seen {
			m := missed{event: e.Index, seen: seen, told: told, alive: e.Alive, since: s.aliveBy(told), mostSeen: seen, mostAlive: e.Alive}
			if n := len(s.missed); n > 0 {
				m.mostSeen, m.mostAlive = max(seen, s.missed[n-1].mostSeen), max(e.Alive, s.missed[n-1].mostAlive)
			}
			s.missed = append(s.missed, m)
		}
	}
	s.addSign(sign{e.Alive, seen})
}

// addSign adds a sign of life.
func (s *Session) addSign(x sign) {
	n := len(s.signs)
	if n > 0 && s.signs[n-1].alive >= x.alive {
		return
	}
	for n > 0 && s.signs[n-1].seen >= x.seen { // the later one says more
		n--
	}
	s.signs = append(s.signs[:n], x)
}

// aliveBy returns the latest sign of life whose answer a client must have had, since it had
// seen the given zxid; 0 if there is none.
func (s *Session) aliveBy(zxid uint64) time.Duration {
	later := sort.Search(len(s.signs), func(i int) bool { return s.signs[i].seen > zxid })
	if later == 0 {
		return 0
	}
	return s.signs[later-1].alive
}

// missedIn returns, in order, the connects of a session that came before an operation returned,
// and whose client had not got every answer.
func (s *Session) missedIn(op *history.Operation) []missed {
	if op.Return == nil {
		return s.missed
	}
	return s.missed[:sort.Search(len(s.missed), func(i int) bool { return s.missed[i].event >= op.Return.Index })]
}

// toldIn returns the highest zxid that a client had certainly been told of in a session when it
// called an operation. seen is the highest that the link had seen by then.
func (s *Session) toldIn(op *history.Operation, seen uint64) uint64 {
	told := seen
	for _, m := range slices.Backward(s.missedIn(op)) {
		if m.mostSeen < seen {
			break
		}
		if seen <= m.seen { // otherwise more answers came after this connect
			told = min(told, m.told)
		}
	}
	return told
}

// seenAt are the zxids that each session had seen, in order of events.
var seenAt = Once(func(a *Record) map[*Session][]seenZxid {
	of := map[*Session][]seenZxid{}
	for e := range a.History.All() {
		if s := a.Session(e.Session); s != nil && e.Seen > 0 {
			of[s] = append(of[s], seenZxid{uint64(e.Seen), e.Time, e.Index})
		}
		for _, u := range e.Used {
			if s := a.Session(u.Session); u.Seen > 0 {
				of[s] = append(of[s], seenZxid{uint64(u.Seen), e.Time, e.Index})
			}
		}
	}
	return of
})

// shownIn returns a zxid such that the session showed the operation no older state; 0 if none is known.
func (a *Record) shownIn(s *Session, op *history.Operation) uint64 {
	return s.toldIn(op, a.seenWhen(s, op))
}

// seenIn returns the highest zxid that the link had seen in a session by an event; 0 if none.
func (a *Record) seenIn(s *Session, event int) uint64 {
	all := seenAt(a)[s]
	i, _ := slices.BinarySearchFunc(all, event+1, func(z seenZxid, event int) int { return cmp.Compare(z.event, event) })
	if i == 0 {
		return 0
	}
	return all[i-1].zxid
}

// View returns the earliest moment whose state an await can have been shown: a server may lag, but not
// behind what its client has already been told. A request that a quorum answered shows the state at the
// moment at which it was sent, or a later one, if no newer session can have shown it anything. In a
// history without sessions nothing excuses a stale view.
func (a *Record) View(op *history.Operation) time.Duration {
	if a.Foreign && !a.AnySession() {
		return op.Began()
	}
	s := a.Only(op)
	if s == nil || s.First > op.Invoke.Index {
		return Always
	}
	alive := s.aliveAt(op.Invoke)
	view := min(op.Began(), alive)
	for _, m := range slices.Backward(s.missedIn(op)) {
		if m.mostAlive < alive {
			break
		}
		if alive <= m.alive {
			view = min(view, m.since)
		}
	}
	return view
}

// aliveAt returns when the session certainly was alive last, by what the record says up to an event; 0
// if it does not say.
func (s *Session) aliveAt(e *history.Event) time.Duration {
	if s.ID == e.Session {
		return e.Alive
	}
	i := sort.Search(len(s.proofs), func(i int) bool { return s.proofs[i].event > e.Index })
	if i == 0 {
		return 0
	}
	return s.proofs[i-1].at
}
