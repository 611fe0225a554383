package checker

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// session is what the record proves about the life of one ZooKeeper session.
// Nothing of it comes from the subject, whose word proves nothing: it is what
// the links saw.
type session struct {
	id     history.ID
	client int
	first  int // index of the first event that names it

	// dlo is the earliest moment at which it can have died: when the last
	// request was sent that a quorum answered. Pings and reads do not count; a
	// server that is cut off from its leader answers those by itself. For a
	// session that never died this still is its last quorum request: nothing
	// proves that it lived on.
	dlo    time.Duration
	proofs []proof // of life, each later than the one before

	// dhi is the latest moment: somebody had the reply to its closeSession.
	dhi      time.Duration
	dhiEvent int

	// told is when the client was handed "session expired". That does not bound
	// the death: a deposed leader that resumes says it too early.
	told      time.Duration
	toldEvent int

	deadZxid  uint64 // of the first reply to a closeSession; 0: none
	deadEvent int

	unanswered []*history.Event // the facts of requests that were not answered
	answered   time.Duration    // dlo without what the transaction log says
	closed     uint64           // the zxid of its end by that log; 0: not known
	paired     time.Duration    // the latest Alive that came with a zxid
}

// proof is an event that shows a session alive at some moment.
type proof struct {
	at    time.Duration
	event int
}

// shownAt is the first event that shows the session alive at t or later; -1 if
// there is none. A nil session has none.
func (s *session) shownAt(t time.Duration) int {
	if s == nil {
		return -1
	}
	i, _ := slices.BinarySearchFunc(s.proofs, t, func(p proof, t time.Duration) int { return cmp.Compare(p.at, t) })
	if i == len(s.proofs) {
		return -1
	}
	return s.proofs[i].event
}

// closedAt cites the transaction log for the session's end.
func (s *session) closedAt() string {
	if s == nil || s.closed == 0 {
		return ""
	}
	return " (the log closes it at " + hex(s.closed) + ")"
}

// contradictory says that the evidence cannot be right: a request of the
// session was answered by a quorum after the session was dead.
func (s *session) contradictory() bool { return s.dhi < s.dlo }

// readSession takes in what an event says about its session.
func (a *analysis) readSession(e *history.Event) {
	if e.Session == 0 {
		return
	}
	a.hasSessions = true
	s := a.sessions[e.Session]
	if s == nil {
		s = &session{
			id: e.Session, client: e.Client, first: e.Index,
			dlo: always, answered: always, dhi: never, dhiEvent: -1, told: never, toldEvent: -1,
		}
		a.sessions[e.Session] = s
		a.ofClient[e.Client] = append(a.ofClient[e.Client], s)
	}
	if e.Alive != 0 && e.Alive > s.dlo {
		s.dlo, s.answered, s.proofs = e.Alive, e.Alive, append(s.proofs, proof{e.Alive, e.Index})
	}
	if e.Process != history.SessionProcess {
		return
	}
	if e.F == history.FDead && e.Zxid > 0 && s.deadZxid == 0 {
		s.deadZxid, s.deadEvent = uint64(e.Zxid), e.Index
	}
	switch {
	case e.F == history.FUnanswered:
		s.unanswered = append(s.unanswered, e)
	case e.F == history.FDead && e.Time < s.dhi:
		s.dhi, s.dhiEvent = e.Time, e.Index
	case e.F == history.FExpired && e.Time < s.told:
		s.told, s.toldEvent = e.Time, e.Index
	}
}

// connections finds out when each client was connected: no session of it is
// disconnected, and one is connected. Those of a process that ended are no more.
func (a *analysis) connections() {
	state := map[int]map[history.ID]bool{} // client → session → connected now
	from := map[int]time.Duration{}
	for i := range a.h.Events {
		e := &a.h.Events[i]
		if e.Process != history.SessionProcess || e.Client < 0 {
			continue
		}
		of := state[e.Client]
		if of == nil {
			of = map[history.ID]bool{}
			state[e.Client] = of
			a.live[e.Client] = nil // known from now on
		}
		was := connected(of)
		switch e.F {
		case history.FConnected:
			of[e.Session] = true
		case history.FDisconnected:
			if _, ok := of[e.Session]; ok {
				of[e.Session] = false
			}
		case history.FExpired, history.FDead:
			delete(of, e.Session)
		case history.FExited:
			clear(of)
		}
		switch is := connected(of); {
		case is && !was:
			from[e.Client] = e.Time
		case was && !is:
			a.live[e.Client] = append(a.live[e.Client], span{from[e.Client], e.Time})
		}
	}
	for client, of := range state {
		if connected(of) {
			a.live[client] = append(a.live[client], span{from[client], never})
		}
	}
}

func connected(of map[history.ID]bool) bool {
	for _, c := range of {
		if !c {
			return false
		}
	}
	return len(of) > 0
}

// owners are the sessions that can own the znode that an acquire, or an enter,
// made: those its client had during the call, and, if the call ended without an
// answer while the client was not connected, the next one. An ok that names a session older
// than the invocation's can only name the owner itself, as the subject told it.
func (a *analysis) owners(op *history.Operation) []*session {
	var ids []history.ID
	began := a.sessions[op.Invoke.Session]
	var got *session
	if op.Return != nil {
		got = a.sessions[op.Return.Session]
	}
	if began != nil && got != nil && got.first < began.first {
		return []*session{got}
	}
	if got != nil && got == began && op.Outcome() != history.Info {
		return []*session{got}
	}
	var of []*session
	add := func(s *session) {
		if s != nil && !slices.Contains(ids, s.id) {
			ids = append(ids, s.id)
			of = append(of, s)
		}
	}
	add(began)
	for _, s := range a.sessionsBehind(op.Client, op.Invoke.Index) { // those that came in between
		if op.Return != nil && s.first >= op.Return.Index {
			break
		}
		add(s)
	}
	add(got)
	if op.Return != nil && op.Outcome() == history.Info && !a.connectedAt(op.Client, op.Return.Time) {
		add(a.nextSession(op)) // its request may still be queued, and be sent in the next session
	}
	return of
}

// connectedAt says that a client was connected at a moment, or that it is not known.
func (a *analysis) connectedAt(client int, t time.Duration) bool {
	live, ok := a.live[client]
	i := reaching(live, t+1)
	return !ok || i < len(live) && live[i].from <= t
}

// nextSession is the first session that op's client had after op; nil: none.
func (a *analysis) nextSession(op *history.Operation) *session {
	if of := a.sessionsBehind(op.Client, op.Return.Index); len(of) > 0 {
		return of[0]
	}
	return nil
}

// sessionsBehind are a client's sessions that came behind an event, oldest first.
func (a *analysis) sessionsBehind(client, event int) []*session {
	of := a.ofClient[client]
	i, _ := slices.BinarySearchFunc(of, event+1, func(s *session, event int) int { return cmp.Compare(s.first, event) })
	return of[i:]
}

// death is what is known about the end of an object's owner.
type death struct {
	lo, hi        time.Duration
	first         *session // the one that can have died first
	hiEvent       int
	of            []*session // the possible owners, oldest first
	newest        *session   // the last of them; nil: no session is known
	contradictory bool
}

// deathOf is the death of the session that owns what op made. Where several
// sessions are possible, each bound is the weakest.
func (a *analysis) deathOf(op *history.Operation) death {
	of := a.owners(op)
	d := death{lo: never, hi: never, hiEvent: -1}
	if len(of) == 0 {
		if !a.foreign || a.hasSessions {
			d.lo = always // it may have died at any time
		}
		return d
	}
	d.hi, d.first = always, of[0]
	for _, s := range of {
		if s.dlo < d.lo {
			d.lo, d.first = s.dlo, s
		}
		if s.dhi > d.hi {
			d.hi, d.hiEvent = s.dhi, s.dhiEvent
		}
		d.contradictory = d.contradictory || s.contradictory()
	}
	d.of, d.newest = of, of[len(of)-1]
	return d
}

// evidence reports sessions whose evidence contradicts itself. There is no
// verdict when none does.
func (a *analysis) evidence() []Verdict {
	var bad []*session
	for _, s := range a.sessions {
		if s.contradictory() {
			bad = append(bad, s)
		}
	}
	slices.SortFunc(bad, func(x, y *session) int { return x.first - y.first })
	var vs []Verdict
	for _, s := range bad {
		reason := fmt.Sprintf("session %s of client %d was dead by %s%s, yet a request that it sent at %s was answered by a quorum",
			s.id, s.client, at(s.dhi), s.closedAt(), at(s.dlo))
		if s.dlo > s.answered {
			reason = fmt.Sprintf("session %s of client %d was dead by %s, yet the transaction log has it open when a request was carried out that was sent at %s",
				s.id, s.client, at(s.dhi), at(s.dlo))
		}
		vs = append(vs, Verdict{
			Property: "evidence",
			Result:   Unknown,
			Reason:   reason,
			Witness:  indices(s.dhiEvent, s.shownAt(s.dlo)),
			Decider:  "session evidence",
			Evidence: sessionEvidence(a),
		})
	}
	return cut(vs, 5, "sessions")
}
