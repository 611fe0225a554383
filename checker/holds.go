package checker

import (
	"cmp"
	"context"
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

// moment is one thing that bears on a client's holds, at one event.
type moment struct {
	index int
	op    *history.Operation // nil: lost
	lost  *history.Event
}

func buildHolds(a *analysis, k *keyRecord) []*hold {
	of := map[int][]moment{}
	for _, op := range k.ops {
		switch {
		case op.F == history.FRelease:
			of[op.Client] = append(of[op.Client], moment{index: op.Invoke.Index, op: op})
		case (op.F == history.FAcquire || op.F == history.FConfirm) && op.Outcome() == history.OK:
			of[op.Client] = append(of[op.Client], moment{index: op.Return.Index, op: op})
		}
	}
	for _, e := range k.facts {
		if e.F == history.FLost {
			of[e.Client] = append(of[e.Client], moment{index: e.Index, lost: e})
		}
	}
	holds := make([]*hold, 0, len(k.ops)/2)
	for _, moments := range of {
		slices.SortFunc(moments, func(x, y moment) int { return x.index - y.index })
		b := holdBuilder{a: a}
		for _, m := range moments {
			b.take(m)
		}
		holds = append(holds, b.holds...)
	}
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

// holdBuilder follows one client on one key.
type holdBuilder struct {
	a     *analysis
	holds []*hold
	last  *hold // the newest hold, ended or not
}

func (b *holdBuilder) take(m moment) {
	switch {
	case m.lost != nil:
		b.loss(m.lost)
	case m.op.F == history.FAcquire:
		var g history.Grant
		b.a.decode(m.op.Return, &g)
		b.begin(m.op, g.Token, m.op.Began(), m.op.Return.Time, b.a.deathOf(m.op))
	case m.op.F == history.FRelease:
		b.release(m.op)
	default:
		b.confirm(m.op)
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
func (b *holdBuilder) release(op *history.Operation) {
	h := b.last
	if h == nil {
		return
	}
	v := history.Held{Held: true} // a history from elsewhere knows no loss
	b.a.decode(op.Invoke, &v)
	if v.Held && op.Outcome() == history.Fail {
		return // it had no effect: the hold goes on
	}
	if h.open() {
		switch {
		case v.Held && b.a.remote && b.a.tellsLost:
			// The loss may not have been heard yet: it surely held when it last said so.
			h.ri, h.riEvents = max(h.lastTrue, h.ao), append([]int{op.Invoke.Index}, h.lastTrueE...)
		case v.Held:
			h.ri, h.riEvents = op.Began(), []int{op.Invoke.Index}
		default:
			h.lost = true
			h.riEvents = []int{op.Invoke.Index}
		}
	}
	if v.Held && op.Began() < h.invoked {
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
func (b *holdBuilder) confirm(op *history.Operation) {
	var v history.Held
	b.a.decode(op.Return, &v)
	h := b.last
	if !v.Held {
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
		b.begin(op, v.Token, always, op.Return.Time, b.a.deathOf(op))
	case h.lost && began <= h.lostAt && h.lostAt != never && v.Token == h.token:
		// It was asked before the loss was told: it speaks of the time before.
		h.lastTrue, h.heardTrue, h.lastTrueE = began, op.Return.Time, events(op)
	case !h.open() || v.Token != 0 && h.token != 0 && v.Token != h.token:
		b.begin(op, v.Token, max(h.ao, h.lastTrue), op.Return.Time, b.a.deathOf(op))
		b.last.opened = indices(slices.Concat(b.last.opened, h.opened, h.riEvents, h.lastTrueE)...)
	case b.toldBefore(h, began):
		told := h.death.newest.told
		h.ri, h.riEvents = told, []int{h.death.newest.toldEvent}
		event := h.death.newest.toldEvent
		b.begin(op, v.Token, told, op.Return.Time, b.a.deathOf(op))
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

// holdFigures counts what the exercise conditions of holds ask for.
func holdFigures(_ context.Context, a *analysis, k *keyRecord, f *finding) {
	holds := k.holds(a)
	var cores []*hold
	f.count("holds", float64(len(holds)))
	for _, h := range holds {
		until := min(h.ri, h.dead(), h.exited, a.end)
		if h.core() {
			cores = append(cores, h)
			f.count("cores", 1)
			f.count("core_seconds", max(0, min(h.x, a.end)-h.ao).Seconds())
		} else {
			f.count("floating", 1)
		}
		// Who can do nothing can prove nothing.
		f.count("held_seconds", max(0, a.present(h.client, span{h.ao, max(h.ao, until)})).Seconds())
		if d := min(h.dead(), h.exited); d < h.invoked && d != never {
			f.count("ended_by_death", 1)
		}
	}
	f.count("contended", float64(contended(k, cores)))
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
