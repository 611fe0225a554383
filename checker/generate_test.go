package checker

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// world is a small simulation: clients that call one object, whose sessions may
// die, with small integer times, so that ties are frequent.
type world struct {
	*record
	rng     *rand.Rand
	free    []int        // when each client has returned from its last call
	session []history.ID // present session of each client
	next    history.ID
	lo      map[history.ID]int // last proof of life
	hi      map[history.ID]int // proof of death
	owner   map[history.ID]int
}

func newWorld(rng *rand.Rand, r *record, clients int) *world {
	w := &world{record: r, rng: rng, free: make([]int, clients), session: make([]history.ID, clients), lo: map[history.ID]int{}, hi: map[history.ID]int{}, owner: map[history.ID]int{}}
	for c := range clients {
		w.free[c] = 1
		w.reconnect(c)
	}
	return w
}

// reconnect gives a client a new session.
func (w *world) reconnect(c int) {
	w.next++
	w.session[c] = w.next
	w.lo[w.next] = -1
	w.owner[w.next] = c
}

// dies ends a client's session at a moment; what proves it is near that moment.
func (w *world) dies(c, at int) {
	s := w.session[c]
	w.lo[s] = max(0, at-w.rng.IntN(4))
	w.hi[s] = -1
	if w.rng.IntN(3) > 0 {
		w.hi[s] = at + w.rng.IntN(4)
	}
	w.reconnect(c)
}

// proofs adds the facts about sessions; those that still live are proven to
// have lived until some moment before end.
func (w *world) proofs(end int) {
	ids := make([]history.ID, 0, len(w.lo))
	for s := range w.lo {
		ids = append(ids, s)
	}
	slices.Sort(ids)
	for _, s := range ids {
		lo := w.lo[s]
		if lo < 0 {
			lo = end - w.rng.IntN(end+1)*(w.rng.IntN(4)/3)
		}
		w.add(end, history.Event{Process: history.SessionProcess, Client: w.owner[s], Type: history.Info, F: history.FDisconnected, Session: s, Alive: w.at(lo)})
		if hi, ok := w.hi[s]; ok && hi >= 0 {
			w.events = append(w.events, history.Event{Time: w.at(hi), Process: history.SessionProcess, Client: w.owner[s], Type: history.Info, F: history.FDead, Session: s})
		}
	}
}

func (w *world) at(t int) time.Duration { return time.Duration(t) * ms }

// upTo is a random number from 0 to n.
func (w *world) upTo(n int) int { return w.rng.IntN(max(n, 0) + 1) }

// stay is one tenure of a generated history.
type tenure struct {
	client, ai, a, ao int
	session           history.ID
	token             history.ID
	ri, c, ret        int // ri < 0: no release
	outcome           history.Type
	held              bool
}

// generateHolds makes a history of one lock with deaths, unknown releases, and
// acquires nobody knows the outcome of.
func generateHolds(rng *rand.Rand, how kind) *history.History {
	clients := 2 + rng.IntN(3)
	if how == random {
		clients = 4
	}
	w := newWorld(rng, ours(history.ModelLock, history.Params{Clients: clients}).offers(history.Offers{Fencing: true}), clients)
	n := 2 + rng.IntN(5)
	var all []tenure
	t, end := 1, 1
	for i := range n {
		c := rng.IntN(clients)
		x := tenure{client: c, token: history.ID(i + 1)}
		if how == random {
			t = w.upTo(8)
			x.token = history.ID(1 + rng.IntN(2*n))
		}
		x.a = max(t+w.upTo(2), w.free[c])
		x.ai = max(w.free[c], x.a-w.upTo(4))
		x.ao = x.a + w.upTo(4)
		x.session = w.session[c]
		switch rng.IntN(5) {
		case 0, 1, 2: // it is released
			x.ri = x.ao + w.upTo(3)
			x.c = x.ri + w.upTo(2)
			x.ret = x.c + w.upTo(2)
			x.outcome, x.held = history.OK, true
			if rng.IntN(5) == 0 {
				x.outcome = history.Info
				x.ret = x.ri + w.upTo(2)
			}
		case 3: // the session dies, and the client does not know yet
			x.c = x.a + w.upTo(5)
			x.ri = max(x.ao, x.c) + w.upTo(3)
			x.ret = x.ri + w.upTo(3)
			x.outcome, x.held = []history.Type{history.OK, history.Fail, history.Info}[rng.IntN(3)], rng.IntN(2) == 0
			w.dies(c, x.c)
		default: // the session dies, and the client never releases
			x.c = x.a + w.upTo(5)
			x.ri, x.ret = -1, x.ao
			w.dies(c, x.c)
		}
		w.free[c] = max(x.ret, x.ao) + 1
		t = x.c
		end = max(end, x.ret, x.ao, x.c)
		all = append(all, x)
		if rng.IntN(6) == 0 && how != random { // an acquire that got it, was cancelled, and gave it back
			o := (c + 1) % clients
			inv := max(w.free[o], t-w.upTo(3))
			t = max(t, inv) + w.upTo(2)
			w.op(opArgs{client: o, f: history.FAcquire, key: "k", inv: inv, ret: inv + w.upTo(3), outcome: history.Info, session: w.session[o]})
			w.free[o] = inv + 4
		}
	}
	if how == mutated {
		w.mutateTenures(all)
		w.mutateTenures(all)
	}
	for _, x := range all {
		w.op(opArgs{client: x.client, f: history.FAcquire, key: "k", inv: x.ai, ret: x.ao, outcome: history.OK, out: history.Grant{Token: x.token}, session: x.session})
		if x.ri >= 0 {
			w.op(opArgs{client: x.client, f: history.FRelease, key: "k", inv: x.ri, ret: x.ret, outcome: x.outcome, in: history.Held{Held: x.held}, session: x.session})
		}
	}
	w.proofs(end + 5)
	return w.build()
}

// mutateTenures changes one thing, and leaves each client's calls in order.
func (w *world) mutateTenures(all []tenure) {
	x := &all[w.rng.IntN(len(all))]
	y := &all[w.rng.IntN(len(all))]
	switch w.rng.IntN(4) {
	case 0:
		x.token, y.token = y.token, x.token
	case 1: // the call was answered at once
		x.ao = x.ai
	case 2: // it lasted longer than it should have
		if x.ri >= 0 {
			x.ri = x.ret
		}
		w.lo[x.session] = max(w.lo[x.session], x.ret)
		if hi, ok := w.hi[x.session]; ok && hi >= 0 {
			w.hi[x.session] = max(hi, w.lo[x.session])
		}
	default: // the session was dead before
		hi := max(0, x.ai-w.upTo(2))
		w.hi[x.session], w.lo[x.session] = hi, 0
	}
}

// generateQueue makes a history of one FIFO queue with unknown outcomes, drained
// in some of them.
func generateQueue(rng *rand.Rand, how kind) *history.History {
	clients := 2 + rng.IntN(3)
	w := newWorld(rng, foreign(history.ModelQueue), clients)
	type call struct {
		opArgs
		value string
	}
	var calls []call
	var list []string
	t, made := 1, 0
	n := 4 + rng.IntN(7)
	for range n {
		c := rng.IntN(clients)
		t = max(t, w.free[c]) + w.upTo(2)
		x := call{opArgs: opArgs{client: c, key: "q", inv: max(w.free[c], t-w.upTo(4)), ret: t + w.upTo(4), outcome: history.OK}}
		lost := rng.IntN(5) == 0
		happens := !lost || rng.IntN(2) == 0
		if lost {
			x.outcome = history.Info
			if happens { // at t, which may be long after the client gave up
				x.ret = x.inv + w.upTo(4)
			}
		}
		if rng.IntN(2) == 0 {
			made++
			x.f, x.value = history.FEnqueue, fmt.Sprintf("v%d", made)
			x.in = history.Item{Item: x.value}
			if happens {
				list = append(list, x.value)
			}
		} else {
			x.f = history.FDequeue
			switch {
			case !happens || len(list) == 0 && lost:
			case len(list) == 0:
				x.out = nil // empty: excused by a server that lags
			default:
				x.value, list = list[0], list[1:]
				if how == random {
					x.value = fmt.Sprintf("v%d", 1+rng.IntN(made+1))
				}
				if !lost {
					x.out = history.Item{Item: x.value}
				}
			}
		}
		w.free[c] = max(x.ret, x.inv) + 1
		calls = append(calls, x)
	}
	if how == mutated {
		i, j := rng.IntN(len(calls)), rng.IntN(len(calls))
		x, y := &calls[i], &calls[j]
		if x.f == history.FDequeue && y.f == history.FDequeue {
			x.out, y.out = y.out, x.out
		} else if x.f == history.FEnqueue && x.outcome == history.OK {
			x.outcome = history.Fail
		} else {
			x.outcome, x.out = history.Info, nil
		}
		if x.outcome != history.OK {
			x.out = nil
		}
		if y.outcome != history.OK {
			y.out = nil
		}
	}
	end := t
	for _, x := range calls {
		w.op(x.opArgs)
		end = max(end, x.ret)
	}
	if rng.IntN(2) == 0 && (len(list) == 0 || how != constructed) {
		w.keyFact(end+2, history.FDrained, "q", history.Drained{Empty: true})
	}
	return w.build()
}

// generateBarrier makes one round of a barrier, with waiters on servers that
// lag, as far as their sessions excuse it.
func generateBarrier(rng *rand.Rand, how kind) *history.History {
	r := ours(history.ModelBarrier, history.Params{Clients: 4})
	if rng.IntN(3) == 0 {
		r = foreign(history.ModelBarrier)
	}
	isForeign := r.header.Version == 0
	w := newWorld(rng, r, 4)
	up := 5 + w.upTo(4)
	down := up + 4 + w.upTo(10)
	raise := opArgs{client: 0, f: history.FRaise, key: "b", inv: up - w.upTo(4), ret: up + w.upTo(3), outcome: history.OK}
	lift := opArgs{client: 0, f: history.FLift, key: "b", inv: max(raise.ret, down-w.upTo(4)) + 1, ret: down + 1 + w.upTo(3), outcome: history.OK}
	lift.ret = max(lift.ret, lift.inv)
	down = max(down, lift.inv)
	if rng.IntN(6) == 0 {
		raise.outcome = history.Info
	}
	if rng.IntN(6) == 0 {
		lift.outcome = history.Info
		lift.ret = lift.inv + w.upTo(3)
	}
	if rng.IntN(8) == 0 {
		lift.ret = -1
	}
	w.op(raise)
	w.op(lift)
	for c := 1; c < 4; c++ {
		t := 1 + w.upTo(3)
		for range 1 + rng.IntN(2) {
			inv := t + w.upTo(8)
			ret := inv + w.upTo(12)
			alive := max(0, inv-w.upTo(6))
			if how == random && rng.IntN(2) == 0 && raise.ret+1 < lift.inv { // all of it while the barrier is up
				inv = max(t, raise.ret+1)
				ret = max(inv, lift.inv-1-w.upTo(2))
				alive = inv - w.upTo(1)
			}
			if how != random {
				// It sees the barrier at some moment from alive on, and passes if it is down.
				view := alive + w.upTo(ret-alive)
				if isForeign {
					view = inv + w.upTo(ret-inv)
				}
				if view > up && view < down {
					view = down + w.upTo(3)
					ret = max(ret, view+w.upTo(2))
				}
			}
			if how == mutated {
				ret = max(inv, min(ret, lift.inv-1))
			}
			o := opArgs{client: c, f: history.FAwait, key: "b", inv: inv, ret: ret, outcome: history.OK}
			if !isForeign {
				o.session, o.before = w.session[c], alive
				if rng.IntN(10) == 0 {
					w.reconnect(c)
				}
			}
			w.op(o)
			t = ret + 1
		}
	}
	return w.build()
}

// generateRound makes one round of a double barrier, with more clients than
// members if asked.
func generateRound(rng *rand.Rand, how kind, deaths, more bool) *history.History {
	parties := 2 + rng.IntN(2)
	clients := parties
	if more {
		clients += rng.IntN(2)
	}
	w := newWorld(rng, ours(history.ModelDoubleBarrier, history.Params{Clients: clients, Parties: parties}), clients)
	type visit struct {
		client, arrive, gone int
		enter, leave         opArgs
	}
	visits := make([]*visit, clients)
	for c := range clients {
		visits[c] = &visit{client: c, arrive: 3 + w.upTo(6)}
	}
	byArrival := slices.Clone(visits)
	slices.SortFunc(byArrival, func(x, y *visit) int { return cmp.Compare(x.arrive, y.arrive) })
	ready := byArrival[parties-1].arrive // the barrier opens
	last := ready
	// In a right run everybody who was in by then passes, and wants out later;
	// the doors to leave open when the last has asked, or died.
	for _, v := range byArrival {
		v.enter = opArgs{client: v.client, f: history.FEnter, key: "d", inv: max(2, v.arrive-w.upTo(3)), ret: max(ready, v.arrive) + w.upTo(3), outcome: history.OK, session: w.session[v.client]}
		v.gone = max(ready, v.enter.ret) + 1 + w.upTo(5)
		if how == random {
			v.enter.ret = v.enter.inv + w.upTo(8)
			v.gone = v.enter.ret + 1 + w.upTo(4)
		}
		last = max(last, v.gone)
	}
	for i, v := range byArrival {
		late := i >= parties && how != random
		if late { // one too many: it gives up and withdraws
			v.enter.outcome = []history.Type{history.Fail, history.Info}[rng.IntN(2)]
			v.enter.ret = max(v.arrive, v.enter.inv) + w.upTo(4)
			w.op(v.enter)
			if rng.IntN(2) == 0 { // and tries again, too late
				w.op(opArgs{client: v.client, f: history.FEnter, key: "d", inv: v.enter.ret + 1, ret: v.enter.ret + 1 + w.upTo(6), outcome: v.enter.outcome, session: v.enter.session})
			}
			continue
		}
		if more && how == random && rng.IntN(4) == 0 { // a first try that came to nothing
			w.op(opArgs{client: v.client, f: history.FEnter, key: "d", inv: 1, ret: v.enter.inv - 1, outcome: []history.Type{history.Fail, history.Info}[rng.IntN(2)], session: v.enter.session})
		}
		if rng.IntN(12) == 0 {
			v.enter.outcome = history.Info
		}
		w.op(v.enter)
		if deaths && rng.IntN(4) == 0 && v.gone > v.arrive {
			w.dies(v.client, max(ready, v.arrive)+w.upTo(v.gone-max(ready, v.arrive)))
			if rng.IntN(2) == 0 {
				continue
			}
		}
		out := last + w.upTo(4)
		if how == random {
			out = v.gone + w.upTo(6)
		}
		v.leave = opArgs{client: v.client, f: history.FLeave, key: "d", inv: max(v.enter.ret+1, v.gone-w.upTo(3)), ret: out, outcome: history.OK, session: v.enter.session}
		v.leave.ret = max(v.leave.ret, v.leave.inv)
		if how == mutated {
			v.leave.ret = v.leave.inv + w.upTo(v.leave.ret-v.leave.inv)
		}
		if rng.IntN(10) == 0 {
			v.leave.outcome = history.Info
		}
		w.op(v.leave)
	}
	if !deaths {
		for s := range w.lo {
			w.lo[s] = 1000
		}
	}
	w.proofs(60)
	return w.build()
}
