package checker

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// hold is one stay of one client in an exclusive position: a lock's hold, a
// leader's term. It began at some moment in [ai,ao] and ended at some moment in
// [x,e].
type hold struct {
	id     int
	client int
	token  history.ID

	ai, ao time.Duration // the acquire's call and return
	x, e   time.Duration // earliest and latest end

	// opened are the events that show the hold; endEvents those that show its
	// earliest end.
	opened    []int
	endEvents []int

	ri             time.Duration // when its release began, or when it last surely was one
	riEvents       []int
	released       time.Duration // return of the release that succeeded
	releasedEvents []int
	gaveUp         time.Duration // when its release was over, ok or not known

	invoked      time.Duration // first release that found it held and may have happened
	invokedEvent int
	lost         bool
	lostAt       time.Duration // when the subject said that it was lost
	lostEvent    int
	denied       time.Duration // when a confirm first answered false
	exited       time.Duration // when its client's process ended
	exitedEvent  int
	lastTrue     time.Duration // invocation of the last confirm that answered true
	lastTrueE    []int
	heardTrue    time.Duration // and its return

	death death
}

// open says that no release ended the hold and it was not lost.
func (h *hold) open() bool { return h.ri == never && !h.lost }

// core says that the hold certainly lasted from ao to x.
func (h *hold) core() bool { return h.x >= h.ao }

// believed is until when the client believed that it held.
func (h *hold) believed() time.Duration {
	end := min(h.invoked, h.lostAt, h.exited)
	if end == never || h.lost && h.lostAt == never {
		end = min(end, max(h.ao, h.heardTrue))
	}
	return max(end, h.ao)
}

// belief are the events that show until when it believed so.
func (h *hold) belief() []int {
	witness := append(slices.Clone(h.opened), h.lostEvent)
	witness = append(witness, h.invokedEvent, h.exitedEvent)
	return append(witness, h.lastTrueE...)
}

// idleFrom is from when on nobody has a reason to wait for this hold: it was
// given up, its loss was told, or its session was. One whose holder is gone stays
// until the session is: that is part of the bound.
func (h *hold) idleFrom() time.Duration {
	end := min(h.gaveUp, h.lostAt, h.exited, h.death.hi)
	if s := h.death.newest; s != nil {
		end = min(end, s.told)
	}
	return max(end, h.ao)
}

// dead is when the hold's session was known to be dead; never if it was not.
func (h *hold) dead() time.Duration {
	if h.death.newest == nil {
		return never
	}
	return min(h.death.hi, h.death.newest.told)
}

// grace is how long a client may still say that it holds after it was told
// that its session expired.
const grace = time.Second

// holds are the holds of a key, by the acquire's return. They are built once.
func (k *keyRecord) holds(a *analysis) []*hold {
	if k.built == nil {
		k.built = buildHolds(a, k)
	}
	return k.built
}

// statement is what a client said of a hold: an answer to "do you still hold?", or a
// release.
type statement struct {
	op    *history.Operation
	said  bool // that it holds, or that it does not
	held  bool
	token history.ID
}

// holdsStill says that the client held by its own word. A release from elsewhere
// says nothing, and knows no loss.
func (s statement) holdsStill() bool { return s.held || !s.said && s.op.F == history.FRelease }

// statements are all of a key, in order of invocation. They are read once.
func (k *keyRecord) statements(a *analysis) []statement {
	if k.stated != nil {
		return k.stated
	}
	k.stated = []statement{}
	for _, op := range k.ops {
		e := op.Invoke
		switch {
		case op.F == history.FRelease:
		case op.F == history.FConfirm && op.Outcome() == history.OK:
			e = op.Return
		default:
			continue
		}
		var v struct {
			Held  *bool      `json:"held"`
			Token history.ID `json:"token"`
		}
		a.decode(e, &v)
		s := statement{op: op, said: v.Held != nil, token: v.Token}
		s.held = s.said && *v.Held
		k.stated = append(k.stated, s)
	}
	return k.stated
}

// moment is one thing that bears on a client's holds, at one event: one of the
// three is set.
type moment struct {
	client    int
	index     int
	acquire   *history.Operation
	statement *statement
	lost      *history.Event
}

// moments are those of each client, in order, one client after the other.
func (k *keyRecord) moments(a *analysis) []moment {
	of := make([]moment, 0, len(k.ops))
	for _, op := range k.ops {
		if op.F == history.FAcquire && op.Outcome() == history.OK {
			of = append(of, moment{client: op.Client, index: op.Return.Index, acquire: op})
		}
	}
	stated := k.statements(a)
	for i := range stated {
		s := &stated[i]
		e := s.op.Invoke
		if s.op.F == history.FConfirm {
			e = s.op.Return
		}
		of = append(of, moment{client: s.op.Client, index: e.Index, statement: s})
	}
	for _, e := range k.facts {
		if e.F == history.FLost {
			of = append(of, moment{client: e.Client, index: e.Index, lost: e})
		}
	}
	slices.SortFunc(of, func(x, y moment) int { return cmp.Or(cmp.Compare(x.client, y.client), cmp.Compare(x.index, y.index)) })
	return of
}

func buildHolds(a *analysis, k *keyRecord) []*hold {
	moments := k.moments(a)
	b := holdBuilder{a: a, holds: make([]*hold, 0, len(k.ops)/4)}
	for i, m := range moments {
		if i > 0 && m.client != moments[i-1].client {
			b.last = nil
		}
		b.take(m)
	}
	holds := b.holds
	for _, h := range holds {
		h.settle()
	}
	slices.SortFunc(holds, func(x, y *hold) int {
		return cmp.Or(cmp.Compare(x.ao, y.ao), cmp.Compare(x.opened[len(x.opened)-1], y.opened[len(y.opened)-1]))
	})
	for i, h := range holds {
		h.id = i
	}
	return holds
}

// holdBuilder follows one client after the other on one key.
type holdBuilder struct {
	a     *analysis
	holds []*hold
	last  *hold // the client's newest, ended or not; nil: it has none
}

func (b *holdBuilder) take(m moment) {
	switch {
	case m.lost != nil:
		b.loss(m.lost)
	case m.acquire != nil:
		var g history.Grant
		b.a.decode(m.acquire.Return, &g)
		b.begin(m.acquire, g.Token, m.acquire.Began(), m.acquire.Return.Time, b.a.deathOf(m.acquire))
	case m.statement.op.F == history.FRelease:
		b.release(m.statement.op, m.statement.holdsStill())
	default:
		b.confirm(m.statement.op, m.statement)
	}
}

func (b *holdBuilder) begin(op *history.Operation, token history.ID, ai, ao time.Duration, d death) {
	b.last = &hold{
		client: op.Client, token: token, ai: ai, ao: ao, opened: events(op),
		ri: never, released: never, gaveUp: never, invoked: never,
		lostAt: never, lostEvent: -1, invokedEvent: -1, denied: never,
		lastTrue: always, heardTrue: always, death: d,
	}
	b.last.exited, b.last.exitedEvent = b.a.exitAfter(op.Client, ai)
	b.holds = append(b.holds, b.last)
}

// release ends the hold if the subject still held when it was asked after the
// invocation's time was taken. If it did not, it may have given the hold up
// before, by itself.
func (b *holdBuilder) release(op *history.Operation, held bool) {
	h := b.last
	if h == nil {
		return
	}
	if held && op.Outcome() == history.Fail {
		return // it had no effect: the hold goes on
	}
	if h.open() {
		switch {
		case held && b.a.remote && b.a.tellsLost:
			// The loss may not have been heard yet: it surely held when it last said so.
			h.ri, h.riEvents = max(h.lastTrue, h.ao), append([]int{op.Invoke.Index}, h.lastTrueE...)
		case held:
			h.ri, h.riEvents = op.Began(), []int{op.Invoke.Index}
		default:
			h.lost = true
			h.riEvents = []int{op.Invoke.Index}
		}
	}
	if held && op.Began() < h.invoked {
		h.invoked, h.invokedEvent = op.Began(), op.Invoke.Index
	}
	if op.Return != nil {
		h.gaveUp = min(h.gaveUp, op.Return.Time)
	}
	if op.Outcome() == history.OK && op.Return.Time < h.released {
		h.released, h.releasedEvents = op.Return.Time, events(op)
	}
}

func (b *holdBuilder) loss(e *history.Event) {
	var v history.LostHold
	b.a.decode(e, &v)
	h := b.last
	if h == nil || v.Token != 0 && h.token != 0 && v.Token != h.token {
		return
	}
	if e.Time < h.lostAt {
		h.lostAt, h.lostEvent = e.Time, e.Index
	}
	if h.open() {
		h.lost = true
		h.riEvents = []int{e.Index}
	}
}

// confirm takes in an answer to "do you still hold?". A yes without a hold, or
// with another token, opens one: a leader that latches again without a call.
// So does a yes long after the client was told that the session is gone: that
// claim has no death to excuse it.
func (b *holdBuilder) confirm(op *history.Operation, v *statement) {
	h := b.last
	if !v.held {
		if h != nil && h.open() {
			h.lost = true
			h.riEvents = events(op)
			h.denied = op.Return.Time
		}
		return
	}
	began := op.Began()
	switch {
	case h == nil:
		b.begin(op, v.token, always, op.Return.Time, b.a.deathOf(op))
	case h.lost && began <= h.lostAt && h.lostAt != never && v.token == h.token:
		// It was asked before the loss was told: it speaks of the time before.
		h.lastTrue, h.heardTrue, h.lastTrueE = began, op.Return.Time, events(op)
	case !h.open() || v.token != 0 && h.token != 0 && v.token != h.token:
		b.begin(op, v.token, max(h.ao, h.lastTrue), op.Return.Time, b.a.deathOf(op))
		b.last.opened = indices(slices.Concat(b.last.opened, h.opened, h.riEvents, h.lastTrueE)...)
	case b.toldBefore(h, began):
		told := h.death.newest.told
		h.ri, h.riEvents = told, []int{h.death.newest.toldEvent}
		event := h.death.newest.toldEvent
		b.begin(op, v.token, told, op.Return.Time, b.a.deathOf(op))
		b.last.opened = indices(append(b.last.opened, event)...)
	default:
		h.lastTrue, h.heardTrue, h.lastTrueE = began, op.Return.Time, events(op)
	}
}

// toldBefore says that the client was told of the end of h's session so long
// before t that it must know.
func (b *holdBuilder) toldBefore(h *hold, t time.Duration) bool {
	s := h.death.newest
	if s == nil || s.told == never {
		return false
	}
	since := span{s.told, t}
	return b.a.present(h.client, since) > grace+b.a.stalled(since)
}

// settle computes the ends once everything about the hold is known.
func (h *hold) settle() {
	if h.lost {
		h.ri = max(h.lastTrue, h.ao)
		h.riEvents = append(h.riEvents, h.lastTrueE...)
	}
	h.x, h.endEvents = h.ri, h.riEvents
	if h.death.lo < h.x {
		h.x, h.endEvents = h.death.lo, nil
	}
	h.endEvents = append(slices.Clone(h.endEvents), h.death.first.shownAt(h.x))
	h.e = min(h.released, h.death.hi)
	if h.e < h.x && !h.death.contradictory {
		h.x = h.e // only a tie of clocks can bring this about
	}
}

// shown are the events that show the hold up to its earliest end.
func (h *hold) shown() []int { return indices(append(slices.Clone(h.opened), h.endEvents...)...) }

// certain says in words from when until when the hold certainly lasted.
func (h *hold) certain() string {
	if h.x == never {
		return "from " + at(h.ao) + " to the end"
	}
	return "from " + at(h.ao) + " until at least " + at(h.x)
}

// usable are the holds whose evidence does not contradict itself; the finding
// is unknown if some are not.
func usable(f *finding, holds []*hold) []*hold {
	ok := make([]*hold, 0, len(holds))
	for _, h := range holds {
		if h.death.contradictory {
			f.unknown("the evidence about the session of a hold contradicts itself")
			continue
		}
		ok = append(ok, h)
	}
	return ok
}

// holdFigures are what the exercise conditions of holds ask for. They are counted
// once.
func (k *keyRecord) holdFigures(a *analysis) map[string]float64 {
	if k.figures == nil {
		k.figures = countHolds(a, k)
	}
	return k.figures
}

func countHolds(a *analysis, k *keyRecord) map[string]float64 {
	holds := k.holds(a)
	var cores []*hold
	figures := map[string]float64{"holds": float64(len(holds))}
	for _, h := range holds {
		until := min(h.ri, h.dead(), h.exited, a.end)
		if h.core() {
			cores = append(cores, h)
			figures["cores"]++
			figures["core_seconds"] += max(0, min(h.x, a.end)-h.ao).Seconds()
		} else {
			figures["floating"]++
		}
		// Who can do nothing can prove nothing.
		figures["held_seconds"] += max(0, a.present(h.client, span{h.ao, max(h.ao, until)})).Seconds()
		if d := min(h.dead(), h.exited); d < h.invoked && d != never {
			figures["ended_by_death"]++
		}
	}
	figures["contended"] = float64(contended(k, cores))
	return figures
}

// contended counts acquires invoked while another client certainly held.
func contended(k *keyRecord, cores []*hold) int {
	n := 0
	for _, op := range k.ops {
		if op.F != history.FAcquire || op.Outcome() == history.Fail {
			continue
		}
		t := op.Began()
		i, _ := slices.BinarySearchFunc(cores, t, func(h *hold, t time.Duration) int { return cmp.Compare(h.ao, t) })
		if i > 0 && cores[i-1].ao < t && t < cores[i-1].x && cores[i-1].client != op.Client {
			n++
		}
	}
	return n
}
