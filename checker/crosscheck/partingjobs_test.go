package crosscheck

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file is about workers whose sessions end while they work. A job that was taken while its
// worker's session changed may belong to either session. On the servers, a session lives on for
// some time after the client has left it.

// leavers are the clients of some shops, which leave their sessions.
type leavers struct {
	*parting
	ending []death
	// for the present call: the session in which it began, and the time at which the next
	// session was open; 0: it begins and ends in one session
	began, opened int64
}

// death is the end, on the servers, of a session that its client had left before.
type death struct{ session, at int64 }

// leaves makes a client leave its session, which ends soon, later, or not at all.
func (l *leavers) leaves(c int, at int64, all []*shop) (opened int64) {
	old := l.session[c]
	how := pick(l.r, givesUp, givesUp, givesUpTwice, isTold, isTold, isToldLater, comesBack, exits, hasTwo)
	left, opened, _ := l.parting.leaves(c, how, at)
	if how == exits {
		for _, s := range all {
			s.has[c] = nil // a new process knows nothing
		}
	}
	if how != comesBack && !chance(l.r, 6) {
		l.ending = append(l.ending, death{old, left + l.r.Int64N(10)})
	}
	l.free[c] = max(l.free[c], opened)
	return opened
}

// begins ends the sessions whose time has come, and makes the caller leave its own session now
// and then.
func (l *leavers) begins(o *op, all []*shop) {
	l.bury(o.inv, all)
	l.began, l.opened = o.with.session, 0
	if !chance(l.r, 5) {
		return
	}
	l.opened = l.leaves(o.client, o.inv+l.gap(), all)
	o.with.owner = l.session[o.client]
	if chance(l.r, 2) { // the call takes effect in the new session
		o.with.session = o.with.owner
		for _, s := range all {
			s.now = max(s.now, l.opened)
		}
	}
}

func (l *leavers) bury(by int64, all []*shop) {
	l.ending = slices.DeleteFunc(l.ending, func(d death) bool {
		if d.at > by {
			return false
		}
		for _, s := range all {
			s.buries(d.session, d.at)
		}
		return true
	})
}

// returns ends a call in the session that its client has by then.
func (l *leavers) returns(o *op) {
	if l.opened > 0 {
		o.with.session = l.began
		o.ret = max(o.ret, l.opened+l.gap())
	}
}

// partingJobs generates job queues whose workers leave their sessions.
func partingJobs(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: model, order: r.Uint64(), tries: 1 + r.IntN(5)}
		if chance(r, 3) {
			h.facts = append(h.facts, fact{of: history.Nemesis, client: -1, f: history.FOffers, value: history.Offers{Remote: true}})
		}
		p := &parting{holding: newHolding(&h, r), told: make([]int64, 3)}
		p.free, p.session = make([]int64, 3), []int64{0x100, 0x200, 0x300}
		for c, session := range p.session {
			p.link(c, history.FConnected, session, 0)
			p.free[c] = 2
		}
		l := &leavers{parting: p}
		var all []*shop
		for _, key := range pick(r, []string{"k"}, []string{"k"}, []string{"k", "l"}) {
			all = append(all, &shop{
				record: &h, r: r, key: key, free: p.free, session: p.session, died: map[int64]int64{}, tried: map[string]int{},
				has: make([][]lease, 3), first: 1 + r.IntN(2), unguarded: chance(r, 3), leaving: l,
			})
		}
		for range 3 + r.IntN(15) {
			pick(r, all...).one(all)
		}
		l.bury(never, all)
		right := slices.Clone(h.ops)
		for range r.IntN(3) {
			h.mutateJobs(r, all[0])
		}
		if chance(r, 3) {
			h.squeeze(r)
		}
		if !h.forward() {
			h.ops = right
		}
		h.end(r, all)
		h.place(quarter, pick[int64](r, 0, 0, 1, 1e9, 1<<60))
		return h
	}
}

// squeeze gives a job that was taken while a session changed to another worker as well, which
// has it for most or all of that time.
func (h *record) squeeze(r *rand.Rand) {
	var all []int
	for i, o := range h.ops {
		if o.f == models.FTake && o.out == ok && o.with.session != o.with.owner {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return
	}
	o := h.ops[pick(r, all...)]
	a := attemptOf(o.res)
	a.Attempt += 1 + r.IntN(2)
	took := o
	took.client = (o.client + 1 + r.IntN(2)) % 3
	took.with.session = h.sessionAt(took.client, o.inv)
	took.with.owner = took.with.session
	took.inv = max(0, o.inv-r.Int64N(4))
	took.ret = took.inv + r.Int64N(6)
	took.res = string(history.Value(a))
	h.insert(took)
	back := took
	back.f, back.res = models.FGiveBack, string(history.Value(a))
	a.Held = true
	back.arg = string(history.Value(a))
	back.inv = max(took.ret, o.ret-r.Int64N(3)+r.Int64N(6))
	back.ret = back.inv + r.Int64N(3)
	h.insert(back)
}

// forward reports whether no client calls anything in an older session than before. A mutation must
// not make that happen.
func (h *record) forward() bool {
	now := map[int]int64{}
	for _, o := range h.ops {
		if o.with.session < now[o.client] || o.with.owner < o.with.session {
			return false
		}
		now[o.client] = o.with.owner
	}
	return true
}

// sessionAt returns the session in which a client was last heard of before a time.
func (h *record) sessionAt(client int, at int64) int64 {
	session := int64(client+1) * 0x100
	for _, o := range h.ops {
		if o.client == client && o.ret <= at {
			session = o.with.owner
		}
	}
	return session
}

// TestPartingJobs counts the histories in which it is not known in which session a job was taken.
func TestPartingJobs(t *testing.T) {
	for _, model := range []string{models.JobQueue.Name, models.MasterWorker.Name} {
		crossed := 0
		generate := func(r *rand.Rand) record {
			h := partingJobs(model)(r)
			if slices.ContainsFunc(h.ops, func(o op) bool { return o.f == models.FTake && o.out == ok && o.with.session != o.with.owner }) {
				crossed++
			}
			return h
		}
		own{name: model, generate: generate, ours: jobAnswers, agree: exact}.compare(t)
		t.Logf("%s: in %d histories a take began in one session and ended in another", model, crossed)
	}
}
