package groups

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Membership is a group.
var Membership = frame.Model{
	Object:     models.Membership,
	Properties: []*frame.Property{realMembers, fresh, monotone, snapshots, converge, gone, frame.OwnZnodes, inLog},
	References: []*frame.Reference{reference},
}

// Discovery is a service, whose instances are the members of a group.
var Discovery = frame.Model{
	Object:     models.Discovery,
	Properties: []*frame.Property{realMembers, fresh, monotone, snapshots, picks, converge, gone, frame.OwnZnodes, inLog},
	References: []*frame.Reference{reference, pickReference},
}

// group holds what happened to one group.
type group struct {
	*evidence.Key
	terms   terms
	members map[string][]*member // by name, in order of their joins
	looks   []*look              // in order of invocation
	figures map[string]float64
	present *evidence.Index[*member] // by the times in which they must have been present while their clients were connected
	crashes []*crash                 // crashes of clients that had joined
}

// member is a name under which a process joined. A process that was started again may join under
// the name that its client had before: that is another member. The znode of the earlier process may
// exist until its session ends, and is shown under the same name.
type member struct {
	name   string
	join   *history.Operation
	in     *evidence.Session    // in which the member joined; nil: not known, or it may have joined twice
	leaves []*history.Operation // leaves that may have had an effect
	// until is the last time at which the member certainly was present once it had joined: just
	// before a client asked it to leave or a fault may have removed its znode, or when its session
	// was last seen to be alive.
	until time.Duration
	// steady means that the member was present without a break from when it was first shown.
	// steadyBy are the events that show that: see [group.madeOnce].
	steady   bool
	steadyBy []int
	// again is the earliest time at which the member may have joined once more: in another session,
	// or because a fault removed its znode.
	again time.Duration
	// once lists the events that show that it had not done so before.
	once []int
	// expired is when the client was told that the session of the join had ended; never if it was
	// not told.
	expired time.Duration
	// proof lists the events that show the session alive at until.
	proof []int
	// crash is the first end of the client's process after the call to join, if a fault
	// caused it; nil: none.
	crash *crash
}

// look holds the members that a client was shown.
type look struct {
	op  *history.Operation
	set map[string]bool // nil: it was not answered
	// part means that other members may exist: the look is a pick of one.
	part bool
}

// lists reports whether an operation asks for the members.
func lists(op *history.Operation) bool { return op.F == models.FList || op.F == models.FLookup }

var groupOf = evidence.OncePerKey(readGroup)

func readGroup(k *evidence.Key) *group {
	g := &group{Key: k, terms: termsOf(k.Object), members: map[string][]*member{}, figures: map[string]float64{"changes": 0, "ended_by_death": 0, "lists": 0, "told": 0, "others": 0}}
	for _, op := range k.Ops() {
		if o := k.Object.Operation(op.F); op.Outcome() != history.Fail || o.Begins || op.F == models.FChanged {
			g.take(op, o)
		}
	}
	var present []evidence.Spanned[*member]
	for m := range g.all() {
		g.bound(m)
		if s, ok := g.stayed(m); ok {
			present = append(present, evidence.Spanned[*member]{Span: s, Of: m})
		}
	}
	g.present = evidence.NewIndex(present)
	g.takeCrashes()
	for _, l := range g.looks {
		if g.showsOthers(l) {
			frame.TallyCall(g.figures, k.Record, "others", l.op)
		}
	}
	return g
}

// all returns the members, by name and in order of their joins.
func (g *group) all() iter.Seq[*member] {
	return func(yield func(*member) bool) {
		for _, name := range slices.Sorted(maps.Keys(g.members)) {
			for _, m := range g.members[name] {
				if !yield(m) {
					return
				}
			}
		}
	}
}

// only returns the member with a name. It returns nil if there is none, or if several processes had the
// name, since then it is not known which of them a look shows.
func (g *group) only(name string) *member {
	if of := g.members[name]; len(of) == 1 {
		return of[0]
	}
	return nil
}

// last returns the member that joined last under a name; nil if there is none.
func (g *group) last(name string) *member { return g.by(name, evidence.Never) }

// by returns the member that may have been the last to join under a name by some time. If there is
// none, it returns the first one that asks to join later, or whose join failed; nil if no member
// has the name.
func (g *group) by(name string, at time.Duration) (m *member) {
	for _, next := range g.members[name] {
		if m == nil || next.join.Began() <= at && next.join.Outcome() != history.Fail {
			m = next
		}
	}
	return m
}

// showsOthers reports whether a look shows a member of another client: a subject need not report a
// client's own members to it.
func (g *group) showsOthers(l *look) bool {
	for name := range l.set {
		if m := g.by(name, l.op.Return.Time); m != nil && m.join != nil && m.join.Client != l.op.Client {
			return true
		}
	}
	return false
}

func (g *group) take(op *history.Operation, o *models.Operation) {
	switch {
	case o.Begins, o.Ends:
		g.move(op, o.Begins)
	case lists(op):
		g.look(op, "lists")
	case op.F == models.FChanged:
		g.look(op, "told")
	case op.F == models.FPick:
		g.pick(op)
	}
}

// move records a join or a leave.
func (g *group) move(op *history.Operation, joins bool) {
	var v models.Joining
	g.Decode(op.Invoke, &v)
	m := g.last(v.Member)
	if m == nil || joins && m.join != nil {
		m = &member{name: v.Member}
		g.members[v.Member] = append(g.members[v.Member], m)
	}
	if joins {
		m.join, m.in = op, g.owner(op)
	} else {
		m.leaves = append(m.leaves, op)
	}
	if op.Outcome() == history.OK {
		frame.TallyCall(g.figures, g.Record, "changes", op)
	}
}

// look records a look at all members.
func (g *group) look(op *history.Operation, figure string) {
	l := &look{op: op}
	g.looks = append(g.looks, l)
	if op.Outcome() != history.OK {
		return
	}
	var v models.Members
	g.Decode(op.Return, &v)
	l.set = map[string]bool{}
	for _, name := range v.Members {
		l.set[name] = true
	}
	frame.TallyCall(g.figures, g.Record, figure, op)
}

// pick records a look at one member. A pick that found none counts as a look at all
// members.
func (g *group) pick(op *history.Operation) {
	if op.Outcome() != history.OK {
		return
	}
	var v models.Picked
	g.Decode(op.Return, &v)
	l := &look{op: op, set: map[string]bool{}}
	if v.Member != "" {
		l.set[v.Member], l.part = true, true
	}
	g.looks = append(g.looks, l)
}

// bound determines how long a member certainly stayed, and from when it may have joined
// again.
func (g *group) bound(m *member) {
	m.until, m.again, m.expired = evidence.Always, evidence.Always, evidence.Never
	if !m.joined() {
		return
	}
	d := g.DeathOf(m.join)
	m.until, m.again = d.From, g.another(m)
	m.steadyBy, m.steady = g.madeOnce(m)
	if d.Contradictory {
		m.until = evidence.Always
	}
	if s := d.OverAtLast(); s != nil {
		m.expired = s.Expired // a client that is done closes its session itself
	}
	if m.expired < m.left() {
		g.figures["ended_by_death"]++
	}
	m.until = min(m.until, before(m.left()), before(removals(g.Record)))
	m.once = evidence.EventsOf(m.join)
	if left := m.gone(); left != nil && m.in != nil && g.Only(left) == m.in && left.Return.Time < m.again && m.again != evidence.Never {
		m.again = evidence.Never // a client that left in its session does not join again in the next one
		m.once = append(m.once, evidence.EventsOf(left)...)
	}
	m.again = min(m.again, removals(g.Record))
	m.proof = d.ShownAt(m.until)
}

// before returns the last moment before t; never for never.
func before(t time.Duration) time.Duration {
	if t == evidence.Never {
		return t
	}
	return t - 1
}

// stayed returns when a member whose join succeeded must have been present whenever its client was
// connected: until the client asked to leave, or its process ended. It returns false if there is no
// such time.
func (g *group) stayed(m *member) (evidence.Span, bool) {
	if m.join == nil || m.join.Outcome() != history.OK {
		return evidence.Span{}, false
	}
	exited, _ := g.ExitAfter(m.join.Client, m.join.Began())
	return evidence.Span{From: m.join.Return.Time, To: min(m.left(), exited)}, true
}

// joined reports whether the member certainly joined, in a session that is known.
func (m *member) joined() bool { return m.in != nil }

// owner returns the session in which a call that succeeded joined, or nil if it is not
// known.
func (g *group) owner(op *history.Operation) *evidence.Session {
	if of := g.Owners(op); op.Outcome() == history.OK && len(of) == 1 {
		return of[0]
	}
	return nil
}

// left returns when the member was first asked to leave; never if it was not.
func (m *member) left() time.Duration {
	if len(m.leaves) == 0 {
		return evidence.Never
	}
	return m.leaves[0].Began()
}

// gone returns the leave that was first answered; nil if none was.
func (m *member) gone() (first *history.Operation) {
	for _, op := range m.leaves {
		if op.Outcome() == history.OK && (first == nil || op.Return.Time < first.Return.Time) {
			first = op
		}
	}
	return first
}

// ended returns the call of unknown outcome after which, at some time, the client no longer counts
// on the member: the last leave that it called by then, or a join without a leave. It returns nil
// if there is none, or if the call had not returned.
func (m *member) ended(at time.Duration) *history.Operation {
	op := m.join
	for _, leave := range m.leaves {
		if leave.Began() <= at {
			op = leave
		}
	}
	if m.join == nil || op.Outcome() != history.Info || op.Return == nil || op.Return.Time > at {
		return nil
	}
	return op
}

// goneBy returns a zxid by which the member had left; 0 if none is known. A client that asks in another
// session than the one of the join may be answered by a server that lags, so its answer does not show
// what was committed in between.
func (g *group) goneBy(m *member) uint64 {
	left := m.gone()
	if left == nil || m.join == nil || m.join.Outcome() == history.Fail {
		return 0
	}
	z, in := g.doneBy(left), g.Only(m.join)
	if joined := g.doneBy(m.join); in != nil && in == g.Only(left) || m.joined() && joined != 0 && z >= joined {
		return z
	}
	return 0
}

// another returns the earliest time at which a member may have joined once more in another session
// of its client: one that its process uses besides the session of the join, or a later one. It
// returns never if the record names no such session.
func (g *group) another(m *member) time.Duration {
	if len(g.InUse(m.join)) > 1 {
		return evidence.Always
	}
	if behind := g.SessionsBehind(m.join.Client, m.in.First); len(behind) > 0 {
		return g.History.Events[behind[0].First].Time
	}
	return evidence.Never
}

// removals is the earliest time at which a fault may have removed znodes; never if none did.
var removals = evidence.Once(func(a *evidence.Record) time.Duration {
	first := evidence.Never
	for _, f := range a.Faults.All {
		if f.Traits.Deletes {
			first = min(first, f.From)
		}
	}
	return first
})

// sorted returns the members that certainly joined, in the order of their joins.
func (g *group) sorted() []*member {
	var all []*member
	for m := range g.all() {
		if m.joined() {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(x, y *member) int { return cmp.Compare(x.join.Return.Index, y.join.Return.Index) })
	return all
}

// onGroup decides a key as a group.
func onGroup(decide func(context.Context, *frame.Finding, *group)) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		g := groupOf(k)
		f.Add(g.figures)
		decide(ctx, &f, g)
		return f
	}
}

// exercised requires members that joined and left, other clients that looked, and, if
// sessions were to end, a member whose session ended.
func exercised(figure, of string) func(*evidence.Record, map[string]float64) string {
	return func(a *evidence.Record, figures map[string]float64) string {
		if missing := frame.Few(figures["changes"], 20, "members that joined or left"); missing != "" {
			return frame.Because(missing, frame.MoreLoad)
		}
		if missing := frame.Few(figures[figure], 20, of); missing != "" {
			why := frame.MoreLoad
			if figures["lists"] >= 20 && figure != "told" {
				why = "of the others the record does not say what their sessions had seen, or in which session they were asked for"
			}
			return frame.Because(missing, why)
		}
		if missing := frame.Few(figures["others"], 10, "lists and changes that showed a member of another client"); missing != "" {
			return frame.Because(missing, frame.MoreMeetings)
		}
		if a.ExpectsExpiries() {
			return frame.Because(frame.Few(figures["ended_by_death"], 1, "members whose session ended"), frame.MoreDeaths)
		}
		return ""
	}
}
