package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// Session holds what the record proves about the life of one ZooKeeper session. None of it comes from
// the subject, whose reports prove nothing: the links saw it.
type Session struct {
	ID    history.ID
	Life      // the process that opened it
	First int // index of the first event that names it

	// DiedFrom is the earliest moment at which it can have died: when the last request was sent
	// that a quorum answered. Pings and reads do not count; a server that is cut off from its
	// leader also answers those. For a session that never died it still is its last quorum request:
	// nothing proves that it lived on.
	DiedFrom time.Duration
	proofs   []proof // of life, each later than the one before

	// DiedBy is the latest moment: a client had the reply to its closeSession.
	DiedBy      time.Duration
	DiedByEvent int

	// Expired is when the client knew that the session is over: it was told "session expired", or it
	// gave the session up and opened another. That does not bound the death, since a deposed leader
	// that resumes reports an expiry too early.
	Expired      time.Duration
	ExpiredEvent int
	GivenUp      *history.GiveUp // how its client gave it up; nil: the client was told of its end

	EndZxid  uint64 // of the first reply to a closeSession; 0: none
	EndEvent int

	// closing is when the first closeSession of this session that the record knows was sent, answered
	// or not, and closingEvent shows it.
	closing      time.Duration
	closingEvent int
	timeout      time.Duration // the shortest that a server granted; 0: the record does not say

	lapsed   time.Duration // when it had been disconnected for longer than its timeout; never if it was not
	closed   int           // the event that tells of the reply to a closeSession; -1: none
	connects []int         // the events in which it was connected, in order
	cuts     []int         // the events in which it was disconnected, in order
	up       []Span        // when it was connected and not known to be over, in order

	unanswered  []*history.Event // the facts of requests that were not answered
	Answered    time.Duration    // DiedFrom without what the transaction log says
	ClosedInLog uint64           // the zxid of its end by that log; 0: not known
	paired      time.Duration    // the latest Alive that came with a zxid

	used map[string]int // key → the first event that shows that its process used the session for the key

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

// OverFor returns when the session was over for its client, which did not close it: the client was told so, gave it up,
// or had been disconnected for longer than its timeout. It returns never if none of that happened.
func (s *Session) OverFor() time.Duration { return min(s.Expired, s.lapsed) }

// Contradictory reports whether the evidence cannot be right: a quorum answered a request of the
// session after the session was dead.
func (s *Session) Contradictory() bool { return s.DiedBy < s.DiedFrom }

// Sessions holds all sessions that the record names, and when their clients were connected.
type Sessions struct {
	ByID     map[history.ID]*Session
	ofClient map[int][]*Session // oldest first
	live     map[int][]Span     // client → when it was connected; no entry: not known
}

func newSessions() Sessions {
	return Sessions{map[history.ID]*Session{}, map[int][]*Session{}, map[int][]Span{}}
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

// WithoutSession returns the parts of a span in which a client had no session that may have lived; nil if the record names no
// session of it.
func (a *Record) WithoutSession(client int, s Span) []Span {
	var lived []Span
	for _, in := range a.ofClient[client] {
		lived = append(lived, Span{From: a.History.At(in.First).Time, To: min(in.DiedBy, in.OverFor())})
	}
	if len(lived) == 0 || s.From >= s.To {
		return nil
	}
	return Subtract([]Span{s}, Union(lived))
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

// sessionOf returns the session with an id that an event names, and adds it to the record if it is a
// new one.
func (a *Record) sessionOf(id history.ID, e *history.Event) *Session {
	s := a.Session(id)
	if s == nil {
		s = &Session{
			ID: id, Life: a.LifeAt(e.Client, e.Index), First: e.Index,
			DiedFrom: Always, Answered: Always, DiedBy: Never, DiedByEvent: -1, Expired: Never, ExpiredEvent: -1, closed: -1, closing: Never, lapsed: Never,
		}
		a.ByID[id] = s
		a.ofClient[e.Client] = append(a.ofClient[e.Client], s)
	}
	return s
}

// readAlive reads when an event shows that a session was alive.
func (a *Record) readAlive(s *Session, alive time.Duration, e *history.Event) {
	if alive > e.Time { // it is not yet known whether it will be answered
		a.damaged(e, "event %d: alive is %v, later than the event, at %v", e.Index, alive, e.Time)
	} else if alive != 0 && alive > s.DiedFrom {
		s.DiedFrom, s.Answered, s.proofs = alive, alive, append(s.proofs, proof{alive, e.Index})
	}
}

// readSession reads what an event says about its session.
func (a *Record) readSession(e *history.Event) {
	if e.Session == 0 {
		return
	}
	s := a.sessionOf(e.Session, e)
	a.readAlive(s, e.Alive, e)
	a.readTold(e, s)
	if e.Process != history.SessionProcess {
		return
	}
	a.readClosing(e, s)
	if e.F == history.FDead && s.closed < 0 {
		s.closed = e.Index
	}
	if e.F == history.FDead && e.Zxid > 0 && s.EndZxid == 0 {
		s.EndZxid, s.EndEvent = uint64(e.Zxid), e.Index
	}
	switch {
	case e.F == history.FConnected:
		a.carried[e.Session] = true
		s.connects = append(s.connects, e.Index)
	case e.F == history.FDisconnected:
		s.cuts = append(s.cuts, e.Index)
	case e.F == history.FUnanswered:
		s.unanswered = append(s.unanswered, e)
	case e.F == history.FDead && e.Time < s.DiedBy:
		s.DiedBy, s.DiedByEvent = e.Time, e.Index
	case e.F == history.FExpired && e.Time < s.Expired:
		s.Expired, s.ExpiredEvent = e.Time, e.Index
	}
}

// Told describes how the session's client knew that the session was over. The text follows the client's
// name.
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
	for id, g := range history.GivenUp(a.History.Facts()) {
		if s := a.Session(id); s != nil && s.Expired == Never {
			s.Expired, s.ExpiredEvent, s.GivenUp = g.Next.Time, g.Next.Index, &g
		}
	}
}

// SessionsBehind returns a client's sessions that came after an event, oldest first.
func (a *Sessions) SessionsBehind(client, event int) []*Session {
	of := a.ofClient[client]
	i, _ := slices.BinarySearchFunc(of, event+1, func(s *Session, event int) int { return cmp.Compare(s.First, event) })
	return of[i:]
}

// Death holds what is known about the end of an object's owner: a session of a process, which ends with
// the process at the latest. From is the time until which it certainly lasted. By is the time by which
// its znodes were certainly deleted; those of a killed process last until its session ends.
type Death struct {
	From, By      time.Duration
	exit          int // the event of the process's end, if that sets From; -1 otherwise
	ByEvent       int
	Owners        []*Session // the possible owners, oldest first
	Newest        *Session   // the last of them; nil: no session is known
	Contradictory bool
}

// An object often belongs to one of several sessions, and the record does not show which. To accuse a
// client, something must hold for all of them; to excuse it, one of them is enough. So From, By, Over
// and OverAtLast bound the end of the object for all of them, and OneEnded is about any.

// OneEnded reports whether the end of a session in s may have been the end of the object: one of the
// possible owners was not certainly over when s began, and was over, for the servers or for its
// client, before s ended.
func (d Death) OneEnded(s Span) bool {
	return slices.ContainsFunc(d.Owners, func(of *Session) bool {
		return of.DiedBy >= s.From && min(of.DiedBy, of.Expired, of.lapsed) < s.To
	})
}

// Over returns the session whose end told the object's client for certain: when the client knew of that
// end, it knew of the ends of all sessions that can own the object, except perhaps the newest one. From
// then on the object is in the newest session, or gone. It returns nil if the client never knew that.
func (d Death) Over() *Session {
	if n := len(d.Owners); n > 1 {
		return lastKnown(d.Owners[:n-1])
	}
	return lastKnown(d.Owners)
}

// OverAtLast returns the session whose end the client learned last, among all that can own the
// object; nil if it never learned of some: its object may be in one of those.
func (d Death) OverAtLast() *Session { return lastKnown(d.Owners) }

// lastKnown returns, of some sessions, the one whose end their client learned last; nil if it did not
// learn of all ends.
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

// Knew returns for how much of s the client can have known that its session is over. s begins when the
// client was told so or gave the session up. The news may still be on its way while its link is held
// up; a client that opens another session knows at once.
func (a *Record) Knew(client int, of *Session, s Span) time.Duration {
	if of.GivenUp != nil {
		return a.Ran(client, s)
	}
	return a.Present(client, s)
}

// DeathOf returns the death of the session that owns what op made. If several sessions are
// possible, each bound is the weakest.
func (a *Record) DeathOf(op *history.Operation) Death {
	return a.withProcess(a.deathAmong(a.Owners(op)), a.LifeOf(op))
}

// DeathIn returns the death of what a session owns.
func (a *Record) DeathIn(s *Session) Death {
	return a.withProcess(a.deathAmong([]*Session{s}), s.Life)
}

// withProcess returns the death, limited by the end of the owner's process: after that nothing is
// certain about what the process had.
func (a *Record) withProcess(d Death, of Life) Death {
	if at, event := a.EndOf(of); at < d.From {
		d.From, d.exit = at, event
	}
	return d
}

// ShownAt returns the events that show the owner alive at t, a time up to From: of each session
// that may be the owner the first one that does, or the end of the process.
func (d Death) ShownAt(t time.Duration) (events []int) {
	if d.exit >= 0 && t == d.From {
		return []int{d.exit}
	}
	for _, s := range d.Owners {
		if shown := s.ShownAt(t); shown >= 0 {
			events = append(events, shown)
		}
	}
	return events
}

func (a *Record) deathAmong(of []*Session) Death {
	d := Death{From: Never, By: Never, ByEvent: -1, exit: -1}
	if len(of) == 0 {
		if !a.Foreign || a.AnySession() {
			d.From = Always // it may have died at any time
		}
		return d
	}
	d.By = Always
	for _, s := range of {
		d.From = min(d.From, s.DiedFrom)
		if s.DiedBy > d.By {
			d.By, d.ByEvent = s.DiedBy, s.DiedByEvent
		}
		d.Contradictory = d.Contradictory || s.Contradictory()
	}
	d.Owners, d.Newest = of, of[len(of)-1]
	return d
}
