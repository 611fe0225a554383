package checker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// doubleBarrierProperties are those of a double barrier: its members go in
// together and come out together. A key is a round.
var doubleBarrierProperties = []*property{enterGate, leaveGate, gateProgress, logAgrees}

// member is one client's stay in a round.
type member struct {
	client int
	enter  *history.Operation
	leave  *history.Operation   // the first that did not fail; nil: none
	leaves []*history.Operation // all that did not fail
	asked  []*history.Operation // all
	death  death
	exited time.Duration // when its client's process ended
	exit   int           // the event of that

	possible span // it may have been present
}

// inside is from when to when the member certainly was present once somebody
// had passed at the given time; not if that is not certain at all.
//
// A member that passed is in until it asks to leave. One whose call ended
// without an answer may have withdrawn at any time before that.
func (m *member) inside(passed time.Duration, all bool) (span, bool) {
	var s span
	switch m.enter.Outcome() {
	case history.OK:
		s.from = m.enter.Return.Time
		if all {
			s.from = min(s.from, passed)
		}
	case history.Info:
		if !all || m.enter.Return != nil {
			return s, false
		}
		s.from = passed
	default:
		return s, false
	}
	s.to = m.death.lo
	if m.leave != nil {
		s.to = min(s.to, m.leave.Began())
	}
	return s, s.from <= s.to
}

// round is what happened on one key.
type round struct {
	members []*member
	leaves  []*history.Operation // that returned ok
	opener  *history.Operation   // the first enter that succeeded
	passed  time.Duration        // by when somebody had passed; never if nobody is known to have
	// all says that nobody but the needed number of members ever came, so that
	// one who passed proves that all were there.
	all bool
}

// round is what happened to a key as a round. It is built once.
func (k *keyRecord) round(a *analysis) *round {
	if k.gates == nil {
		k.gates = readRound(a, k)
	}
	return k.gates
}

func readRound(a *analysis, k *keyRecord) *round {
	r := &round{passed: never}
	newest := map[int]*member{}
	clients := map[int]bool{}
	for _, op := range k.ops {
		switch op.F {
		case history.FEnter:
			m := &member{client: op.Client, enter: op, death: a.deathOf(op)}
			m.exited, m.exit = a.exitAfter(op.Client, op.Began())
			r.members = append(r.members, m)
			newest[op.Client] = m
			clients[op.Client] = true
			if op.Outcome() == history.OK && op.Return.Time < r.passed {
				r.passed, r.opener = op.Return.Time, op
			}
		case history.FLeave:
			m := newest[op.Client]
			if m != nil {
				m.asked = append(m.asked, op)
			}
			if op.Outcome() == history.Fail {
				continue
			}
			if op.Outcome() == history.OK {
				r.leaves = append(r.leaves, op)
			}
			if m != nil {
				m.leaves = append(m.leaves, op)
				m.leave = m.leaves[0]
			}
		}
	}
	for _, m := range r.members {
		m.possible = span{m.enter.Began(), m.gone()}
	}
	// With as many calls as members, none of them a second try.
	r.all = len(r.members) == a.params.Parties && len(clients) == len(r.members)
	if r.all && r.opener != nil {
		for _, m := range r.members { // they were there together before the first had gone
			r.passed = min(r.passed, m.possible.to)
		}
	}
	return r
}

// gone is when the member certainly was not present any more.
func (m *member) gone() time.Duration {
	end := m.death.hi
	if m.enter.Outcome() == history.Fail {
		end = min(end, m.enter.Return.Time)
	}
	for _, l := range m.leaves {
		end = min(end, known(l))
	}
	return end
}

// onRound decides a property of one round, if its size and its evidence allow.
func onRound(decide func(context.Context, *finding, *analysis, *keyRecord, *round)) func(context.Context, *analysis, *keyRecord) finding {
	return func(ctx context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		if a.params.Parties <= 0 {
			f.unknown("the history does not say how many parties a round has")
			return f
		}
		r := k.round(a)
		for _, m := range r.members {
			if m.death.contradictory {
				f.unknown("the evidence about the session of a member contradicts itself")
				return f
			}
		}
		r.figures(&f, a)
		decide(ctx, &f, a, k, r)
		return f
	}
}

// figures counts full rounds, and rounds in which a member's session died inside.
func (r *round) figures(f *finding, a *analysis) {
	entered, left, crashed := 0, map[int]bool{}, 0
	for _, op := range r.leaves {
		left[op.Client] = true
	}
	through := 0
	for _, m := range r.members {
		if m.enter.Outcome() == history.OK {
			entered++
			if left[m.client] {
				through++
			}
		}
		if m.crashed() {
			crashed++
		}
	}
	f.count("rounds", 1)
	f.count("entered", float64(entered))
	if through >= a.params.Parties {
		f.count("full_rounds", 1)
	}
	if crashed > 0 {
		f.count("crashes_inside", 1)
	}
}

// crashed says that the member's session ended while it was in, or on its way in or out.
func (m *member) crashed() bool {
	end := m.exited
	if s := m.death.newest; s != nil {
		end = min(end, s.told, s.dhi)
	}
	out := never
	if m.leave != nil {
		out = ended(m.leave)
	}
	return end != never && m.enter.Began() < end && end < out && !(m.enter.Outcome() == history.Fail && m.enter.Return.Time < end)
}

// fullRounds is the exercise condition of the gates.
func fullRounds(a *analysis, figures map[string]float64) string {
	const wanted = 5
	if a.params.Parties < 2 {
		return "a round of one member has nobody to wait for"
	}
	if n := figures["full_rounds"]; n < wanted {
		return fmt.Sprintf("all parties entered and left only %s, of %d wanted", count(int(n), "round"), wanted)
	}
	if a.deaths() && figures["crashes_inside"] == 0 {
		return "sessions were to end, but none ended inside a round"
	}
	return ""
}

// enterGate says that nobody gets in before enough members may have been
// present at one moment of its call. Counting calls is not enough: that would
// count the dead, and those who timed out.
var enterGate = &property{
	name:     "enter",
	decider:  "sweep over presences",
	evidence: sessionEvidence,
	decide: onRound(func(ctx context.Context, f *finding, a *analysis, k *keyRecord, r *round) {
		present := r.presence()
		for _, m := range r.members {
			if m.enter.Outcome() != history.OK || ctx.Err() != nil {
				continue
			}
			call := span{m.enter.Began(), min(m.enter.Return.Time, m.death.hi)}
			if most := present.most(call, a.params.Parties); most < a.params.Parties && !f.again() {
				f.violated(r.around(call, m), "client %d entered %s at %s with at most %d of %d members present at any moment since it asked at %s",
					m.client, k.key, at(m.enter.Return.Time), most, a.params.Parties, at(m.enter.Began()))
			}
		}
	}),
	exercise: fullRounds,
}

// around are the events of the member, and those of the others that came before
// its call was over: what began their presences, and what ended those that were
// over by then.
func (r *round) around(call span, of *member) []int {
	witness := append(events(of.enter), of.death.hiEvent)
	for _, m := range r.members {
		if m == of || m.possible.from > call.to {
			continue
		}
		witness = append(witness, events(m.enter)...)
		if m.possible.to >= call.to {
			continue
		}
		if m.leave != nil {
			witness = append(witness, events(m.leave)...)
		}
		witness = append(witness, m.death.hiEvent)
	}
	return witness
}

// seat is what counts as one member: a client that tries again in one session
// must not count twice. In another session it may: a deposed leader can tell a
// client that its session expired while the znode of its last try lives on, and
// the others see two.
type seat struct {
	client  int
	session history.ID
	call    int // distinguishes calls whose session is not certain
}

// seat is that of the round's i-th member.
func (m *member) seat(i int) seat {
	switch len(m.death.of) {
	case 0:
		return seat{client: m.client}
	case 1:
		return seat{client: m.client, session: m.death.of[0].id}
	}
	return seat{client: m.client, call: i + 1}
}

// presence counts at each moment the seats that may be taken.
type presence struct {
	starts, ends []time.Duration // of the presences on each seat, sorted
}

func (r *round) presence() presence {
	of := map[seat][]span{}
	for i, m := range r.members {
		if m.possible.from <= m.possible.to {
			s := m.seat(i)
			of[s] = append(of[s], m.possible)
		}
	}
	var p presence
	for _, spans := range of {
		for _, s := range union(spans) {
			p.starts = append(p.starts, s.from)
			p.ends = append(p.ends, s.to)
		}
	}
	slices.Sort(p.starts)
	slices.Sort(p.ends)
	return p
}

// at is how many may be present at t; ends count as present.
func (p presence) at(t time.Duration) int {
	began, _ := slices.BinarySearch(p.starts, t+1)
	over, _ := slices.BinarySearch(p.ends, t)
	return began - over
}

// most is the largest number that may be present at one moment of s, or one that is
// enough. It is reached where s begins, or where a presence does.
func (p presence) most(s span, enough int) int {
	if s.from > s.to {
		return 0
	}
	most := p.at(s.from)
	i, _ := slices.BinarySearch(p.starts, s.from)
	for ; most < enough && i < len(p.starts) && p.starts[i] <= s.to; i++ {
		most = max(most, p.at(p.starts[i]))
	}
	return most
}

// leaveGate says that nobody gets out while another certainly is inside all
// through its call. One member that passed proves that all were there then.
var leaveGate = &property{
	name:     "leave",
	decider:  "sweep over presences",
	evidence: sessionEvidence,
	decide: onRound(func(ctx context.Context, f *finding, _ *analysis, k *keyRecord, r *round) {
		stays := r.stays()
		far := furthest(stays)
		for _, op := range r.leaves {
			if ctx.Err() != nil {
				return
			}
			if by := blocking(stays, far, op); by != nil && !f.again() {
				r.violatedLeave(f, k.key, op, by)
			}
		}
	}),
	exercise: fullRounds,
}

// inStay is a member that certainly was inside for a time.
type inStay struct {
	span
	*member
}

// stays are the members that certainly were inside, by when that began.
func (r *round) stays() []inStay {
	var stays []inStay
	for _, m := range r.members {
		if s, ok := m.inside(r.passed, r.all); ok {
			stays = append(stays, inStay{s, m})
		}
	}
	slices.SortFunc(stays, func(x, y inStay) int { return cmp.Compare(x.from, y.from) })
	return stays
}

// far are, of the stays up to one, the one that reaches furthest, and the one of
// another client that does; -1: there is none.
type far struct{ first, second int }

func furthest(stays []inStay) []far {
	of := make([]far, len(stays))
	f := far{-1, -1}
	for i := range stays {
		s := &stays[i]
		switch {
		case f.first < 0 || s.to > stays[f.first].to:
			if f.first >= 0 && stays[f.first].client != s.client {
				f.second = f.first
			}
			f.first = i
		case s.client != stays[f.first].client && (f.second < 0 || s.to > stays[f.second].to):
			f.second = i
		}
		of[i] = f
	}
	return of
}

// blocking are the fewest members that together certainly were inside all through
// a leave of another; nil if there was a moment without any.
func blocking(stays []inStay, far []far, op *history.Operation) []*member {
	// A moment is covered only strictly inside a stay: at its ends it may be over.
	// Of the stays that cover a moment, the one that reaches furthest is the best.
	var by []*member
	reach := op.Began()
	for {
		i, _ := slices.BinarySearchFunc(stays, reach, func(s inStay, t time.Duration) int { return cmp.Compare(s.from, t) })
		if i == 0 {
			return nil
		}
		best := far[i-1].first
		if stays[best].client == op.Client {
			best = far[i-1].second
		}
		if best < 0 || stays[best].to <= reach {
			return nil
		}
		by, reach = append(by, stays[best].member), stays[best].to
		if reach > op.Return.Time {
			return by
		}
	}
}

// proves says that some of these members were inside only because one that passed
// proves that all were.
func (r *round) proves(by []*member, op *history.Operation) bool {
	reach := op.Began()
	for _, m := range by {
		own, ok := m.inside(never, false)
		if !ok || own.from >= reach {
			return true
		}
		reach = own.to
	}
	return false
}

// passage are the events that show that all were there, and when: those of the
// first that passed, everybody's call, and what ended the first presence.
func (r *round) passage() []int {
	witness := events(r.opener)
	for _, m := range r.members {
		witness = append(witness, events(m.enter)...)
		if m.possible.to == r.passed {
			witness = append(witness, m.death.hiEvent)
			if m.leave != nil {
				witness = append(witness, events(m.leave)...)
			}
		}
	}
	return witness
}

func (r *round) violatedLeave(f *finding, key string, op *history.Operation, by []*member) {
	witness := events(op)
	if r.proves(by, op) {
		witness = append(witness, r.passage()...)
	}
	for _, m := range by {
		witness = append(witness, events(m.enter)...)
		s, _ := m.inside(r.passed, r.all)
		witness = append(witness, m.death.first.shownAt(s.to))
		if m.leave != nil {
			witness = append(witness, m.leave.Invoke.Index)
		}
	}
	s, _ := by[len(by)-1].inside(r.passed, r.all)
	f.violated(witness, "client %d left %s at %s, asked at %s, while client %d was inside from %s until at least %s",
		op.Client, key, at(op.Return.Time), at(op.Began()), by[len(by)-1].client, at(s.from), at(s.to))
}

// gateProgress says that after heal a full set of members does not wait long to
// get in, and that members are not kept in when all that live want to leave.
var gateProgress = &property{
	name:     "progress",
	decider:  "waits at the gates",
	evidence: sessionEvidence,
	applies:  func(a *analysis) bool { return !a.foreign },
	decide: onRound(func(ctx context.Context, f *finding, a *analysis, k *keyRecord, r *round) {
		if why := a.untimed(); why != "" {
			f.unknown("%s", why)
			return
		}
		r.stuckOutside(f, a, k)
		r.stuckInside(ctx, f, a, k)
	}),
}

// stuckOutside looks for a time in which enough live clients waited to get in.
// One that gave up and tried again soon went on waiting.
func (r *round) stuckOutside(f *finding, a *analysis, k *keyRecord) {
	var edges []edge
	of := map[int][]span{}
	var entered []time.Duration
	var witness []int
	for _, m := range r.members {
		if m.enter.Outcome() == history.OK {
			entered = append(entered, m.enter.Return.Time)
		}
		of[m.client] = append(of[m.client], a.whileLive(m.client, span{m.enter.Began(), ended(m.enter)})...)
		witness = append(witness, events(m.enter)...)
	}
	for _, spans := range of {
		for _, s := range union(spans) {
			edges = append(edges, edge{s.from, 1}, edge{s.to, -1})
		}
	}
	slices.Sort(entered)
	var full []span
	for _, s := range above(edges, a.params.Parties) {
		if s.length() >= realWait {
			full = append(full, s)
		}
	}
	opened := func(from, to time.Duration) bool { return first(entered, from) <= to }
	f.judgeWaits(a, full, opened, func(s span, length time.Duration) (string, []int) {
		return fmt.Sprintf("%d live clients waited together to enter %s from %s to %s (%s, of %s allowed)",
			a.params.Parties, k.key, at(s.from), at(s.to), lasting(length), lasting(a.bound)), witness
	})
}

// edge is where a count changes.
type edge struct {
	at time.Duration
	by int
}

// above is when the count was at least n.
func above(edges []edge, n int) []span {
	// At equal times ends come first, so that spans that only touch do not count together.
	slices.SortFunc(edges, func(x, y edge) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.by, y.by)) })
	var of []span
	var since time.Duration
	c := 0
	for _, e := range edges {
		was := c
		c += e.by
		switch {
		case was < n && c >= n:
			since = e.at
		case was >= n && c < n && since < e.at:
			of = append(of, span{since, e.at})
		}
	}
	return of
}

// stuckInside looks for a time in which somebody live waited to get out, and
// everybody else who had come was gone, dead, or waiting to get out as well.
func (r *round) stuckInside(ctx context.Context, f *finding, a *analysis, k *keyRecord) {
	var edges []edge
	for _, m := range r.members {
		for _, s := range union(m.wantsOut()) {
			edges = append(edges, edge{s.from, 1}, edge{s.to, -1})
		}
	}
	all := above(edges, len(r.members))
	for _, m := range r.members {
		if ctx.Err() != nil {
			return
		}
		for _, l := range m.asked {
			var worst span
			for _, s := range both(a.whileLive(m.client, span{l.Began(), ended(l)}), all) {
				if s.length() > worst.length() {
					worst = s
				}
			}
			f.figures = withLongest(f.figures, "longest_leave_seconds", worst.length())
			judged := a.overdue(worst, worst.length())
			if judged == Valid || judged == Violation && f.again() || judged == Unknown && f.result != "" {
				continue
			}
			f.overdue(judged, slices.Concat(events(m.enter), events(l), r.reasonsToGo()),
				"client %d waited to leave %s from %s to %s (%s, of %s allowed), though nobody was inside who did not want to leave",
				m.client, k.key, at(worst.from), at(worst.to), lasting(worst.length()), lasting(a.bound))
		}
	}
}

// wantsOut is when the member kept nobody in: it waited to leave or had left,
// it had given up, was known to be dead, or its process had ended: then it is
// present until its session is dead, which is part of the bound.
func (m *member) wantsOut() []span {
	end := min(m.death.hi, m.exited)
	if s := m.death.newest; s != nil {
		end = min(end, s.told)
	}
	if m.enter.Return != nil && m.enter.Outcome() != history.OK {
		end = min(end, m.enter.Return.Time)
	}
	out := []span{{end, never}}
	for _, l := range m.asked {
		if l.Outcome() == history.Fail {
			out = append(out, span{l.Began(), l.Return.Time})
		} else {
			out = append(out, span{l.Began(), never})
		}
	}
	return out
}

// reasonsToGo are the events that show why each member kept nobody in.
func (r *round) reasonsToGo() []int {
	var witness []int
	for _, m := range r.members {
		witness = append(witness, events(m.enter)...)
		witness = append(witness, m.death.hiEvent, m.exit)
		if s := m.death.newest; s != nil {
			witness = append(witness, s.toldEvent)
		}
		for _, l := range m.asked {
			witness = append(witness, events(l)...)
		}
	}
	return witness
}
