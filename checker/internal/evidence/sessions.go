package evidence

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// Session is what the record proves about the life of one ZooKeeper session. None of it comes from
// the subject, whose reports prove nothing: it is what the links saw.
type Session struct {
	ID     history.ID
	Client int
	First  int // index of the first event that names it

	// DiedFrom is the earliest moment at which it can have died: when the last request was sent
	// that a quorum answered. Pings and reads do not count; a server that is cut off from its
	// leader answers those, too. For a session that never died it still is its last quorum request:
	// nothing proves that it lived on.
	DiedFrom time.Duration
	proofs   []proof // of life, each later than the one before

	// DiedBy is the latest moment: a client had the reply to its closeSession.
	DiedBy      time.Duration
	DiedByEvent int

	// Expired is when the client knew that the session is over: it was told "session expired", or
	// had given the session up, and opened another. That does not bound the death: a deposed leader
	// that resumes says it too early.
	Expired      time.Duration
	ExpiredEvent int
	GivenUp      *history.GiveUp // how; nil: it was told

	EndZxid  uint64 // of the first reply to a closeSession; 0: none
	EndEvent int

	unanswered  []*history.Event // the facts of requests that were not answered
	Answered    time.Duration    // DiedFrom without what the transaction log says
	ClosedInLog uint64           // the zxid of its end by that log; 0: not known
	paired      time.Duration    // the latest Alive that came with a zxid

	signs  []sign   // of life, each later than the one before, and of a higher zxid
	missed []missed // in order
}

// proof is an event that shows a session alive at some moment.
type proof struct {
	at    time.Duration
	event int
}

// ShownAt returns the first event that shows the session alive at t or later; -1 if there is none.
// A nil session has none.
func (s *Session) ShownAt(t time.Duration) int {
	if s == nil {
		return -1
	}
	i, _ := slices.BinarySearchFunc(s.proofs, t, func(p proof, t time.Duration) int { return cmp.Compare(p.at, t) })
	if i == len(s.proofs) {
		return -1
	}
	return s.proofs[i].event
}

// ClosedAt cites the transaction log for the session's end.
func (s *Session) ClosedAt() string {
	if s == nil || s.ClosedInLog == 0 {
		return ""
	}
	return " (the log closes it at " + words.Zxid(s.ClosedInLog) + ")"
}

// Contradictory reports whether the evidence cannot be right: a quorum answered a request of the
// session after the session was dead.
func (s *Session) Contradictory() bool { return s.DiedBy < s.DiedFrom }

// Sessions are all sessions that the record names, and when their clients were connected.
type Sessions struct {
	ByID     map[history.ID]*Session
	ofClient map[int][]*Session // oldest first
	connects map[int][]connect  // of each client, in order
	live     map[int][]Span     // client → when it was connected; no entry: not known
}

// connect is where a session was connected, for the first time or again.
type connect struct {
	event int
	of    *Session
}

func newSessions() Sessions {
	return Sessions{map[history.ID]*Session{}, map[int][]*Session{}, map[int][]connect{}, map[int][]Span{}}
}

// Session returns the session with an id; nil if the record names none.
func (l *Sessions) Session(id history.ID) *Session { return l.ByID[id] }

// AnySession reports whether the links saw sessions.
func (l *Sessions) AnySession() bool { return len(l.ByID) > 0 }

// IsOf reports whether a session is a client's.
func (l *Sessions) IsOf(id history.ID, client int) bool {
	s := l.ByID[id]
	return s != nil && s.Client == client
}

// OldestFirst returns all sessions.
func (a *Sessions) OldestFirst() []*Session {
	list := make([]*Session, 0, len(a.ByID))
	for _, s := range a.ByID {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y *Session) int { return x.First - y.First })
	return list
}

// readSession reads what an event says about its session.
func (a *Record) readSession(e *history.Event) {
	if e.Session == 0 {
		return
	}
	s := a.Session(e.Session)
	if s == nil {
		s = &Session{
			ID: e.Session, Client: e.Client, First: e.Index,
			DiedFrom: Always, Answered: Always, DiedBy: Never, DiedByEvent: -1, Expired: Never, ExpiredEvent: -1,
		}
		a.ByID[e.Session] = s
		a.ofClient[e.Client] = append(a.ofClient[e.Client], s)
	}
	if e.Alive > e.Time { // it is unknown yet whether it will be answered
		a.damaged(e, "event %d: alive is %v, later than the event, at %v", e.Index, e.Alive, e.Time)
	} else if e.Alive != 0 && e.Alive > s.DiedFrom {
		s.DiedFrom, s.Answered, s.proofs = e.Alive, e.Alive, append(s.proofs, proof{e.Alive, e.Index})
	}
	a.readTold(e, s)
	if e.Process != history.SessionProcess {
		return
	}
	if e.F == history.FDead && e.Zxid > 0 && s.EndZxid == 0 {
		s.EndZxid, s.EndEvent = uint64(e.Zxid), e.Index
	}
	switch {
	case e.F == history.FConnected:
		a.carried[e.Session] = true
		a.connects[e.Client] = append(a.connects[e.Client], connect{e.Index, s})
	case e.F == history.FUnanswered:
		s.unanswered = append(s.unanswered, e)
	case e.F == history.FDead && e.Time < s.DiedBy:
		s.DiedBy, s.DiedByEvent = e.Time, e.Index
	case e.F == history.FExpired && e.Time < s.Expired:
		s.Expired, s.ExpiredEvent = e.Time, e.Index
	}
}

// Told says how the session's client knew that it is over, to be read behind its name.
func (s *Session) Told() string {
	if s.GivenUp != nil {
		return "gave up its session " + s.ID.String() + " at " + words.At(s.Expired) + ", when it opened another"
	}
	return "learned at " + words.At(s.Expired) + " that its session " + s.ID.String() + " had expired"
}

// ToldBy returns the events that show that the client knew that its session is over.
func (s *Session) ToldBy() []int {
	if g := s.GivenUp; g != nil {
		return []int{g.Connected.Index, g.Disconnected.Index, g.Next.Index}
	}
	return []int{s.ExpiredEvent}
}

// giveUps finds the sessions that their clients gave up.
func (a *Record) giveUps() {
	for id, g := range history.GivenUp(a.History.Events) {
		if s := a.Session(id); s != nil && s.Expired == Never {
			s.Expired, s.ExpiredEvent, s.GivenUp = g.Next.Time, g.Next.Index, &g
		}
	}
}

// connections finds when each client was connected: no session of it is disconnected, and one is
// connected. Sessions of a process that ended do not count, nor do those that were given up.
func (a *Record) connections() {
	state := map[int]map[history.ID]bool{} // client → session → connected now
	from := map[int]time.Duration{}
	for i := range a.History.Events {
		e := &a.History.Events[i]
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
			maps.DeleteFunc(of, func(id history.ID, _ bool) bool { return a.givenUpBy(id, e) })
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
			a.live[e.Client] = append(a.live[e.Client], Span{from[e.Client], e.Time})
		}
	}
	for client, of := range state {
		if connected(of) {
			a.live[client] = append(a.live[client], Span{from[client], Never})
		}
	}
}

// givenUpBy reports whether, with an event, its client gave a session up.
func (a *Record) givenUpBy(id history.ID, e *history.Event) bool {
	s := a.Session(id)
	return s != nil && s.GivenUp != nil && s.GivenUp.Next == e
}

func connected(of map[history.ID]bool) bool {
	for _, c := range of {
		if !c {
			return false
		}
	}
	return len(of) > 0
}

// Owners returns the sessions that can own the znode that an acquire, or an enter, made: those that
// its client had during the call, and, if the call ended without an answer while the client was not
// connected, the next one. An ok that names a session older than the invocation's can only name the
// owner itself, as the subject reported it.
func (a *Sessions) Owners(op *history.Operation) []*Session {
	var ids []history.ID
	began := a.Session(op.Invoke.Session)
	var got *Session
	if op.Return != nil {
		got = a.Session(op.Return.Session)
	}
	if began != nil && got != nil && got.First < began.First {
		return []*Session{got}
	}
	if got != nil && got == began && op.Outcome() != history.Info {
		return []*Session{got}
	}
	var of []*Session
	add := func(s *Session) {
		if s != nil && !slices.Contains(ids, s.ID) {
			ids = append(ids, s.ID)
			of = append(of, s)
		}
	}
	add(began)
	for _, s := range a.SessionsBehind(op.Client, op.Invoke.Index) { // those that came in between
		if op.Return != nil && s.First >= op.Return.Index {
			break
		}
		add(s)
	}
	for _, s := range a.backIn(op) {
		add(s)
	}
	add(got)
	slices.SortStableFunc(of, func(x, y *Session) int { return cmp.Compare(x.First, y.First) })
	if op.Return != nil && op.Outcome() == history.Info && !a.ConnectedAt(op.Client, op.Return.Time) {
		add(a.nextSession(op)) // its request may still be queued, and be sent in the next session
	}
	return of
}

// backIn returns the sessions to which a client came back during a call: it may have several.
func (a *Sessions) backIn(op *history.Operation) (back []*Session) {
	all := a.connects[op.Client]
	i, _ := slices.BinarySearchFunc(all, op.Invoke.Index, func(c connect, event int) int { return cmp.Compare(c.event, event) })
	for _, c := range all[i:] {
		if op.Return != nil && c.event >= op.Return.Index {
			break
		}
		back = append(back, c.of)
	}
	return back
}

// ConnectedAt reports whether a client was connected at a moment, or that is unknown.
func (a *Sessions) ConnectedAt(client int, t time.Duration) bool {
	live, ok := a.live[client]
	i := Reaching(live, t+1)
	return !ok || i < len(live) && live[i].From <= t
}

// nextSession returns the first session that op's client had after op; nil if there is none.
func (a *Sessions) nextSession(op *history.Operation) *Session {
	if of := a.SessionsBehind(op.Client, op.Return.Index); len(of) > 0 {
		return of[0]
	}
	return nil
}

// SessionsBehind returns a client's sessions that came after an event, oldest first.
func (a *Sessions) SessionsBehind(client, event int) []*Session {
	of := a.ofClient[client]
	i, _ := slices.BinarySearchFunc(of, event+1, func(s *Session, event int) int { return cmp.Compare(s.First, event) })
	return of[i:]
}

// Death is what is known about the end of an object's owner.
type Death struct {
	From, By      time.Duration
	First         *Session // the one that can have died first
	ByEvent       int
	Owners        []*Session // the possible owners, oldest first
	Newest        *Session   // the last of them; nil: no session is known
	Contradictory bool
}

// Over returns the session whose end leaves no doubt to the object's client: when the client knew
// of that end, it knew of the ends of all sessions that can own the object, except perhaps the
// newest one. From then on the object is in the newest session, or gone. It returns nil if the
// client never knew so.
func (d Death) Over() *Session {
	if n := len(d.Owners); n > 1 {
		return lastKnown(d.Owners[:n-1])
	}
	return lastKnown(d.Owners)
}

// OverAtLast returns the session whose end the client learned last, among all that can own the
// object; nil if it never learned of some: its object may be in one of those.
func (d Death) OverAtLast() *Session { return lastKnown(d.Owners) }

// lastKnown returns the one of some sessions whose end their client learned last; nil if it did not
// learn of all.
func lastKnown(of []*Session) *Session {
	if len(of) == 0 {
		return nil
	}
	last := slices.MaxFunc(of, func(x, y *Session) int { return cmp.Compare(x.Expired, y.Expired) })
	if last.Expired == Never {
		return nil
	}
	return last
}

// GoesOn reports whether only the older sessions are over by [Death.Over]: the object may go on in
// the newest one.
func (d Death) GoesOn() bool {
	over := d.Over()
	return d.Newest != nil && (over == nil || over.Expired < d.Newest.Expired)
}

// Knew returns for how much of s the client can have known that its session is over. s begins when
// it was told so or gave the session up. The news may still be on its way while its link is held
// up; a client that opens another session knows.
func (a *Record) Knew(client int, of *Session, s Span) time.Duration {
	if of.GivenUp != nil {
		return a.Ran(client, s)
	}
	return a.Present(client, s)
}

// DeathOf returns the death of the session that owns what op made. If several sessions are
// possible, each bound is the weakest.
func (a *Record) DeathOf(op *history.Operation) Death { return a.deathAmong(a.Owners(op)) }

// DeathIn returns the death of what a session owns.
func (a *Record) DeathIn(s *Session) Death { return a.deathAmong([]*Session{s}) }

func (a *Record) deathAmong(of []*Session) Death {
	d := Death{From: Never, By: Never, ByEvent: -1}
	if len(of) == 0 {
		if !a.Foreign || a.AnySession() {
			d.From = Always // it may have died at any time
		}
		return d
	}
	d.By, d.First = Always, of[0]
	for _, s := range of {
		if s.DiedFrom < d.From {
			d.From, d.First = s.DiedFrom, s
		}
		if s.DiedBy > d.By {
			d.By, d.ByEvent = s.DiedBy, s.DiedByEvent
		}
		d.Contradictory = d.Contradictory || s.Contradictory()
	}
	d.Owners, d.Newest = of, of[len(of)-1]
	return d
}
