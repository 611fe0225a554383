package evidence

import (
	"cmp"
	"math"
	"slices"

	"github.com/zklab/zklab/history"
)

// This file finds in which session a client did something. A process may have several sessions at
// one time: the one that the harness opened for it, and others that it opened by itself. None of
// them takes precedence.

// InUse returns the sessions in which a call can have sent requests, oldest first: those that its
// process had and that were not over for it when it made the call, and those that it opened during
// the call; of these those that it used for the key, if that is known.
func (a *Record) InUse(op *history.Operation) (of []*Session) {
	life := a.LifeOf(op)
	for _, s := range a.ofClient[op.Client] {
		switch {
		case s.namedBy(op):
			of = append(of, s)
		case op.Return != nil && s.First >= op.Return.Index:
		case s.Life == life && !s.LeftBy(op.Invoke):
			of = append(of, s)
		}
	}
	return usedIn(of, op)
}

// namedBy reports whether an event of an operation names the session. The link also names a session
// at the first answer after its end: that says nothing about the operation.
func (s *Session) namedBy(op *history.Operation) bool {
	return s.ID == op.Invoke.Session || op.Return != nil && (s.ID == op.Return.Session || !s.endedBy(op.Invoke) &&
		slices.ContainsFunc(op.Return.Used, func(u history.Use) bool { return u.Session == s.ID }))
}

// LeftBy reports whether a session was over for its process at an event: the process was told so,
// or gave it up, or the session had ended.
func (s *Session) LeftBy(e *history.Event) bool {
	return s.ExpiredEvent >= 0 && s.ExpiredEvent <= e.Index || s.endedBy(e)
}

// endedBy reports whether a session was closed before an event, and its connection had ended and did
// not come back.
func (s *Session) endedBy(e *history.Event) bool {
	n, m := len(s.connects), len(s.cuts)
	return s.closed >= 0 && s.closed <= e.Index && m > 0 && s.cuts[m-1] <= e.Index && (n == 0 || s.connects[n-1] < s.cuts[m-1])
}

// Only returns the only session that an operation can have used; nil if there may be several, or none
// is known.
func (a *Record) Only(op *history.Operation) *Session {
	if of := a.InUse(op); len(of) == 1 {
		return of[0]
	}
	return nil
}

// Owners returns the sessions that can own the znode that an operation made, oldest first. If the
// transaction log shows in which sessions the process made what the operation rests on, these are the
// owners. If only the link shows that, the session that it names is the owner. Otherwise each session
// that the call can have used is a possible owner. If the call ended without an answer while the client
// was not connected, so is the next session of the process, since the request may still be queued.
func (a *Record) Owners(op *history.Operation) []*Session {
	if got := a.reported(op); got != nil {
		return []*Session{got}
	}
	if of := a.marked(op); len(of) > 0 {
		return of
	}
	if by := a.maker(op); by != nil {
		return []*Session{by}
	}
	of := slices.DeleteFunc(a.InUse(op), func(s *Session) bool { // a dead session makes nothing
		return s.DiedBy < op.Began() && !s.namedBy(op)
	})
	if op.Return != nil && op.Outcome() == history.Info && !a.ConnectedAt(op.Client, op.Return.Time) {
		if next := a.nextSession(op); next != nil && !slices.Contains(of, next) {
			of = append(of, next)
		}
	}
	return of
}

// reported returns the session that the subject said owns the znode of an acquire; nil if it did
// not say: the link names the session that connected last, so an older one, to which the client did
// not come back meanwhile, can only come from the subject.
func (a *Record) reported(op *history.Operation) *Session {
	if op.Return == nil {
		return nil
	}
	began, got := a.Session(op.Invoke.Session), a.Session(op.Return.Session)
	if began == nil || got == nil || got.First >= began.First {
		return nil
	}
	if slices.ContainsFunc(got.connects, func(event int) bool { return op.Invoke.Index < event && event < op.Return.Index }) {
		return nil
	}
	return got
}

// marked returns the sessions in which an operation's process made the marks that its success rests on,
// oldest first: the marks that it made within the call, or else those that were there. It returns none
// if the log does not show them.
func (a *Record) marked(op *history.Operation) (of []*Session) {
	marks := a.MadeIn(op)
	if len(marks) == 0 && a.knowsMarks(op) {
		there, _ := MarksOf(a).Within(op.Key, "", a.LifeOf(op), a.SeenBy(op), a.ShownBy(op))
		marks = ephemeral(there)
	}
	for _, one := range marks {
		if !slices.Contains(of, one.Of) {
			of = append(of, one.Of)
		}
	}
	slices.SortFunc(of, func(x, y *Session) int { return cmp.Compare(x.First, y.First) })
	return of
}

// knowsMarks reports whether the log shows all marks of a call that began a stay.
func (a *Record) knowsMarks(op *history.Operation) bool {
	return MarksOf(a) != nil && op.Outcome() == history.OK && a.Object.Operation(op.F).Begins && a.FromBeginning(a.ShownBy(op))
}

// MadeIn returns the ephemeral znodes that an operation's process made below the object while it began
// a stay; none if the log may lack some of them.
func (a *Record) MadeIn(op *history.Operation) []*Mark {
	if !a.knowsMarks(op) {
		return nil
	}
	return ephemeral(MarksOf(a).Made(op.Key, a.LifeOf(op), a.Zxids.Floor(op.Began()), a.ShownBy(op)))
}

// ephemeral returns the marks that are ephemeral znodes: only they belong to a session.
func ephemeral(all []*Mark) []*Mark {
	return slices.DeleteFunc(slices.Clone(all), func(m *Mark) bool { return m.Znode == nil || m.Znode.Owner == 0 })
}

// nextSession returns the first session that op's process had after op; nil if there is none.
func (a *Record) nextSession(op *history.Operation) *Session {
	life := a.LifeOf(op)
	for _, s := range a.SessionsBehind(op.Client, op.Return.Index) {
		if s.Life == life {
			return s
		}
	}
	return nil
}

// SeenBy returns the highest zxid that the process of an operation had certainly seen, in
// any of its sessions, when it called the operation.
func (a *Record) SeenBy(op *history.Operation) (seen uint64) {
	life := a.LifeOf(op)
	for _, s := range a.ofClient[op.Client] {
		if s.First <= op.Invoke.Index && s.Life == life {
			seen = max(seen, s.toldIn(op, a.seenIn(s, op.Invoke.Index)), a.madeAt(s))
		}
	}
	return seen
}

// Told returns a zxid such that the operation was shown no older state: the lowest zxid that a session
// which it can have used had been shown when it was called; 0 if none is known.
func (a *Record) Told(op *history.Operation) uint64 {
	of := a.InUse(op)
	told := uint64(math.MaxUint64)
	for _, s := range of {
		if s.First > op.Invoke.Index {
			return 0
		}
		told = min(told, a.shownIn(s, op))
	}
	if len(of) == 0 {
		return 0
	}
	return told
}

// ShownBy returns a zxid that is not below anything that an operation's process had been shown when the
// operation returned. For a session that the completion does not name, the record shows little more
// than that this was at most what was committed when the next request was sent.
func (a *Record) ShownBy(op *history.Operation) uint64 {
	e := op.Return
	if _, _, _, ok := a.Shown(op); ok {
		return a.Zxids.FloorAt(e.Time)
	}
	if next, _, ok := a.Zxids.Ceil(e.Time); ok {
		return max(next-1, a.Zxids.FloorAt(e.Time))
	}
	return a.Log.Last()
}

// madeAt returns the zxid at which a session began, by the log; 0 if that is not known.
func (a *Record) madeAt(s *Session) uint64 {
	if l := a.Log.Sessions[s.ID]; l != nil {
		return l.Created
	}
	return 0
}
