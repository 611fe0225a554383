package locks

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file checks, for each grant, whether the client had a mark: anything in the servers' tree by
// which other clients could know of the grant, whatever the recipe calls its znodes. A grant
// without a mark rests on nothing. So does a grant whose mark stood behind others and was deleted
// with its session before it became the first: a client that does not find its own znode must not
// conclude that it is next.
//
// The check does not need anything from the subject: transactions show which session made what.

// views are the states on which a grant can rest: from the state that the client had seen when
// it called, to the last one that any client had seen when the call was answered.
type views struct{ low, high uint64 }

// viewsOf returns the views of an acquire that was granted.
func viewsOf(a *evidence.Record, grant *history.Operation) views {
	return views{a.SeenBy(grant), a.ShownBy(grant)}
}

// endWithMarks ends a hold when something other than a client, such as an operator or a fault,
// deleted the znodes on which it rests: the holder is not told, so it cannot know, and nothing is
// left that keeps others out. If another client of the recipe deletes them, that is the recipe's
// own mistake.
func endWithMarks(k *evidence.Key, h *hold) {
	m := evidence.MarksOf(k.Record)
	if m == nil || h.Grant.F != models.FAcquire {
		return
	}
	of := viewsOf(k.Record, h.Grant)
	there, _ := m.Within(k.Name, "", k.LifeOf(h.Grant), of.low, of.high)
	for _, one := range there {
		if one.Znode == nil || !one.Taken() {
			continue
		}
		if by := k.Session(one.Znode.Remover); by != nil && by.Client >= 0 {
			continue
		}
		if t, event := k.Zxids.SentBelow(one.Gone); t < h.x {
			h.x, h.endEvents = t, []int{event}
		}
		t, _ := k.Zxids.CommittedBy(one.Gone)
		h.e = min(h.e, t)
	}
}

// marked describes how the recipe uses marks, as far as its grants show.
type marked struct {
	marks         *evidence.Marks
	with, without int // grants with a mark, and without one
	first, behind int // grants of clients that stood in a line: as the first, or behind others
	lines         map[string]*line
	ids           map[string][]string                    // of the lines in a folder
	made          map[*evidence.Znode]*history.Operation // the acquire that made a contender
	downgraded    map[*history.Operation]bool            // acquires whose holds were downgraded
}

// used reports whether the recipe marks its grants, so that a grant without a mark breaks its own
// rules.
func (m *marked) used() bool { return m.with >= 10 && m.with >= 9*m.without }

// inLine reports whether clients that stand behind others have to wait.
func (m *marked) inLine() bool { return m.first >= 10 && m.first >= 9*m.behind }

var markedOf = evidence.Once(func(a *evidence.Record) *marked {
	m := &marked{
		marks: evidence.MarksOf(a), lines: map[string]*line{}, ids: map[string][]string{},
		made: map[*evidence.Znode]*history.Operation{}, downgraded: map[*history.Operation]bool{},
	}
	if m.marks == nil {
		return m
	}
	for _, id := range slices.Sorted(maps.Keys(contendersOf(a).lines)) {
		m.lines[id], m.ids[parentOf(id)] = lineAt(a, id), append(m.ids[parentOf(id)], id)
	}
	for _, k := range a.Keys {
		m.readMakers(k)
	}
	for _, k := range a.Keys {
		for _, h := range granted(holdsOf(k)) {
			m.count(k, h)
		}
	}
	return m
})

// readMakers notes which acquires of a read-write lock made which contenders.
func (m *marked) readMakers(k *evidence.Key) {
	if k.Object.State != models.ReadWrite {
		return
	}
	for _, op := range k.Ops() {
		if op.F != models.FAcquire {
			continue
		}
		low, high := k.Zxids.Floor(op.Began()), uint64(math.MaxUint64)
		if op.Return != nil {
			high = k.Zxids.FloorAt(op.Return.Time)
		}
		for _, one := range m.marks.Made(k.Name, k.LifeOf(op), low, high) {
			if one.Znode != nil {
				m.made[one.Znode] = op
			}
		}
	}
	for _, h := range holdsOf(k) {
		m.downgraded[h.Grant] = m.downgraded[h.Grant] || h.Downgraded != nil
	}
}

// decidable reports whether everything about a hold's marks is known.
func (m *marked) decidable(a *evidence.Record, h *hold, of views) bool {
	return h.Grant.F == models.FAcquire && a.FromBeginning(of.high)
}

func (m *marked) count(k *evidence.Key, h *hold) {
	of := viewsOf(k.Record, h.Grant)
	if !m.decidable(k.Record, h, of) {
		return
	}
	for _, part := range h.held() {
		there, _ := m.marks.Within(k.Name, part, k.LifeOf(h.Grant), of.low, of.high)
		for _, one := range there {
			if one.Gone > of.high && stands(one) {
				if m.blocked(k, h, one, of.high) {
					m.behind++
				} else {
					m.first++
				}
			}
		}
		if len(there) > 0 || m.former(k, h, part, of) != nil {
			m.with++
		} else {
			m.without++
		}
	}
}

// stands reports whether a mark is a place in a line.
func stands(m *evidence.Mark) bool {
	return m.Znode != nil && m.Znode.Owner != 0 && m.Znode.Sequential()
}

// blocked reports whether too many others stood before a mark for its client to have its turn, in
// each state up to high in which the mark existed.
func (m *marked) blocked(k *evidence.Key, h *hold, one *evidence.Mark, high uint64) bool {
	n, view := one.Znode, min(high, one.Gone-1)
	switch k.Object.State {
	case models.Shared:
		places := k.Params.Leases
		return places > 0 && len(m.lines[lineOf(n)].before(n, h.Client, view, places)) == places
	case models.ReadWrite:
		for _, id := range m.ids[n.Parent()] {
			if slices.ContainsFunc(m.lines[id].before(n, h.Client, view, mostDowngraded), func(o *evidence.Znode) bool { return m.inWay(k, h, o) }) {
				return true
			}
		}
		return false
	}
	return len(m.lines[lineOf(n)].before(n, h.Client, view, 1)) > 0
}

// inWay reports whether a contender certainly was in the way of a hold, of a read-write lock, whose
// contender stood behind it.
func (m *marked) inWay(k *evidence.Key, h *hold, o *evidence.Znode) bool {
	by := m.made[o]
	return !h.Reads || by != nil && !toRead(k, by) && !m.downgraded[by]
}

// decideMarks looks for grants without a mark.
func decideMarks(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	m := markedOf(k.Record)
	if !m.used() {
		return
	}
	for _, h := range granted(holdsOf(k)) {
		of := viewsOf(k.Record, h.Grant)
		if ctx.Err() != nil {
			return
		}
		if !m.decidable(k.Record, h, of) {
			f.Count("marks_unknown", 1)
			continue
		}
		f.CountSpan(k.Record, "marks_checked", evidence.Span{From: h.Asked, To: h.Granted})
		for _, part := range h.held() {
			m.decide(f, k, h, part, of)
		}
		if len(h.held()) > 1 {
			m.decideTogether(f, k, h, of)
		}
	}
}

// decideTogether looks for a grant of several parts that were never all marked at one time: the mark of
// one part was gone when the mark of another one was made.
func (m *marked) decideTogether(f *frame.Finding, k *evidence.Key, h *hold, of views) {
	var all [][]*evidence.Mark
	for _, part := range h.held() {
		there, _ := m.marks.Within(k.Name, part, k.LifeOf(h.Grant), of.low, of.high)
		if len(there) == 0 {
			return // another check decides this case
		}
		all = append(all, there)
	}
	marks := slices.Concat(all...)
	for _, one := range marks { // if all parts were ever marked at one time, they were when one of these marks began
		if one.Gone <= of.high && one.Taken() {
			f.Count("marks_unknown", 1)
			return
		}
		at := max(one.From, of.low)
		if !slices.ContainsFunc(all, func(part []*evidence.Mark) bool {
			return !slices.ContainsFunc(part, func(m *evidence.Mark) bool { return m.From <= at && at < m.Gone })
		}) {
			return
		}
	}
	last := slices.MinFunc(marks, func(a, b *evidence.Mark) int { return cmp.Compare(a.Gone, b.Gone) })
	f.ByLog = true
	f.Violated(append(h.Shown[:len(h.Shown):len(h.Shown)], last.Of.First), "client %d was granted %s at %s%s, but at no time did it have a znode for each of them: %s",
		h.Client, namesOf(k.Name, h.held()), words.At(h.Granted), words.WithToken(h.Token), m.went(k.Record, last))
	for _, one := range marks {
		if one.Znode != nil {
			f.Names(one.Znode)
		}
	}
}

func (m *marked) decide(f *frame.Finding, k *evidence.Key, h *hold, part string, of views) {
	there, last := m.marks.Within(k.Name, part, k.LifeOf(h.Grant), of.low, of.high)
	for _, one := range there {
		if one.Gone > of.high || !one.WithSession() || !stands(one) || !m.inLine() || !m.blocked(k, h, one, of.high) {
			return
		}
	}
	name, former := nameOf(k.Name, part), m.former(k, h, part, of)
	switch {
	case last == nil && former != nil:
		m.decideFormer(f, k, h, name, former)
	case last == nil:
		f.ByLog = true
		f.Violated(h.Shown, "client %d was granted %s at %s%s, but no znode of client %d existed",
			h.Client, name, words.At(h.Granted), words.WithToken(h.Token), h.Client)
	case last.Taken():
		f.Count("marks_unknown", 1) // another client may have taken the mark just then
	default:
		f.ByLog = true
		f.Violated(append(h.Shown[:len(h.Shown):len(h.Shown)], last.Of.First), "client %d was granted %s at %s%s, but no znode of client %d existed: %s",
			h.Client, name, words.At(h.Granted), words.WithToken(h.Token), h.Client, m.went(k.Record, last))
	}
}

// former returns the newest mark that an earlier process of a hold's client had in any of the given
// states; nil if there is none.
func (m *marked) former(k *evidence.Key, h *hold, part string, of views) *evidence.Mark {
	life := k.LifeOf(h.Grant)
	for life.Number > 0 {
		life.Number--
		if there, _ := m.marks.Within(k.Name, part, life, of.low, of.high); len(there) > 0 {
			return there[0]
		}
	}
	return nil
}

// decideFormer judges a grant that rests on a mark of an earlier process of its client. Unless it is
// persistent, that mark is deleted with the session of the earlier process, which no client keeps
// alive.
func (m *marked) decideFormer(f *frame.Finding, k *evidence.Key, h *hold, name string, former *evidence.Mark) {
	if former.Znode == nil || former.Znode.Owner == 0 {
		return
	}
	killed, event := k.EndOf(former.Of.Life)
	f.ByLog = true
	f.Violated(append(h.Shown[:len(h.Shown):len(h.Shown)], event, former.Of.First),
		"client %d was granted %s at %s%s, but its process had nothing of its own there: the only mark is %s of session %s, whose process was killed at %s, and it goes with that session",
		h.Client, name, words.At(h.Granted), words.WithToken(h.Token), former.Znode.Name(), former.Of.ID, words.At(killed))
	f.Names(former.Znode)
}

// went describes how the last mark of a client was removed.
func (m *marked) went(a *evidence.Record, last *evidence.Mark) string {
	at := words.Zxid(last.Gone)
	if t, event := a.Zxids.CommittedBy(last.Gone); event >= 0 {
		at = words.At(t)
	}
	switch {
	case last.Znode == nil:
		return "what it had written to " + last.Path + " was gone by " + at
	case last.WithSession():
		return "its " + last.Znode.Name() + " of session " + last.Of.ID.String() + " was deleted with that session by " + at
	}
	return "its " + last.Znode.Name() + " of session " + last.Of.ID.String() + " was deleted by " + at + ", by itself"
}

// leftBehind is how long a contender may stay at the head of a line when its client, whose
// session is connected, neither asks nor holds any more, and another client waits behind it:
// there is no session whose end it has to wait for.
const leftBehind = 2 * time.Second

// decideLeftBehind looks for contenders that their clients left in line while others waited behind
// them: a client that gives up must delete its contender, or it blocks the line until its session ends.
func decideLeftBehind(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	m := markedOf(k.Record)
	if m.marks == nil || !m.inLine() || k.Settled == evidence.Never || k.Object.Parts {
		return
	}
	busy := map[int][]evidence.Span{} // of each client: when it asked or held
	var waits []*history.Operation
	for _, op := range k.Ops() {
		if op.F == models.FAcquire || op.F == models.FRelease {
			busy[op.Client] = append(busy[op.Client], evidence.Span{From: op.Began(), To: min(evidence.Ended(op), k.End)})
		}
		if op.F == models.FAcquire && evidence.Ended(op)-op.Began() > leftBehind {
			waits = append(waits, op)
		}
	}
	for _, h := range holdsOf(k) {
		busy[h.Client] = append(busy[h.Client], evidence.Span{From: h.Granted, To: min(h.idleFrom(), k.End)})
	}
	for client := range busy {
		busy[client] = evidence.Union(busy[client])
	}
	for _, op := range waits {
		if ctx.Err() != nil {
			return
		}
		high := uint64(math.MaxUint64)
		if op.Return != nil {
			high = k.Zxids.FloorAt(op.Return.Time)
		}
		for _, own := range m.marks.Made(k.Name, k.LifeOf(op), k.Zxids.Floor(op.Began()), high) {
			if stands(own) {
				m.decideBehind(f, k, op, own, busy)
			}
		}
	}
}

// decideBehind looks at the contenders that stood before a client that waited with a
// place in the line.
func (m *marked) decideBehind(f *frame.Finding, k *evidence.Key, op *history.Operation, own *evidence.Mark, busy map[int][]evidence.Span) {
	waited := evidence.Span{From: op.Began(), To: min(evidence.Ended(op), k.End)}
	there := m.stood(k.Record, own.Znode)
	waited.From, waited.To = max(waited.From, there.From, k.Settled), min(waited.To, there.To)
	if waited.Length() <= leftBehind {
		return
	}
	for _, o := range m.ahead(k, op, own) {
		by := k.Session(o.Owner)
		span := m.stood(k.Record, o)
		span.From, span.To = max(span.From, waited.From), min(span.To, waited.To)
		if span.Length() <= leftBehind {
			continue
		}
		for _, idle := range evidence.Subtract(k.WhileConnected(by, span), busy[by.Client]) {
			if idle.Length() <= leftBehind+k.Stalled(idle) {
				continue
			}
			f.ByLog = true
			f.Violated(append(evidence.EventsOf(op), by.First), "client %d waited for %s at %s behind %s of client %d, whose session was connected, and which neither asked for %s nor held it from %s to %s (%s, of %s allowed)",
				op.Client, k.Name, words.At(op.Began()), o.Name(), by.Client, k.Name, words.At(idle.From), words.At(idle.To), words.Lasting(idle.Length()), words.Lasting(leftBehind))
			f.Names(o)
			return
		}
	}
}

// ahead lists the znodes that stood before a client's place in the line and were in its
// way.
func (m *marked) ahead(k *evidence.Key, op *history.Operation, own *evidence.Mark) (all []*evidence.Znode) {
	lines := []string{lineOf(own.Znode)}
	if k.Object.State == models.ReadWrite {
		lines = m.ids[own.Znode.Parent()]
	}
	for _, id := range lines {
		for _, o := range m.lines[id].before(own.Znode, op.Client, own.From, mostDowngraded) {
			if k.Object.State != models.ReadWrite || !toRead(k, op) || m.made[o] != nil && !toRead(k, m.made[o]) {
				all = append(all, o)
			}
		}
	}
	return all
}

// stood returns the time in which a znode certainly existed.
func (m *marked) stood(a *evidence.Record, n *evidence.Znode) evidence.Span {
	from, _ := a.Zxids.CommittedBy(n.Created)
	to := a.End
	if n.Deleted != evidence.StillThere {
		to, _ = a.Zxids.SentBelow(n.Deleted)
	}
	return evidence.Span{From: from, To: to}
}
