package checktest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Kind is how a history was generated.
type Kind int

const (
	Constructed Kind = iota // a correct object behaved like this: it must never be flagged
	mutated                 // a constructed history with one thing changed
	random
)

// world is a small simulation: clients that call one object, whose sessions may
// die, with small integer times, so that ties are frequent.
type world struct {
	*Record
	rng     *rand.Rand
	Free    []int        // when each client has returned from its last call
	session []history.ID // present session of each client
	next    history.ID
	lo      map[history.ID]int // last proof of life
	hi      map[history.ID]int // proof of death
	owner   map[history.ID]int
}

func NewWorld(rng *rand.Rand, r *Record, clients int) *world {
	w := &world{Record: r, rng: rng, Free: make([]int, clients), session: make([]history.ID, clients), lo: map[history.ID]int{}, hi: map[history.ID]int{}, owner: map[history.ID]int{}}
	for c := range clients {
		w.Free[c] = 1
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

// dies ends a client's session at a moment; the proofs of that are near the moment.
func (w *world) dies(c, at int) {
	s := w.session[c]
	w.lo[s] = max(0, at-w.rng.IntN(4))
	w.hi[s] = -1
	if w.rng.IntN(3) > 0 {
		w.hi[s] = at + w.rng.IntN(4)
	}
	w.reconnect(c)
}

// proofs adds the facts about sessions. Sessions that still live are proven to have
// lived until some moment before end.
func (w *world) proofs(end int) {
	ids := slices.Sorted(maps.Keys(w.lo))
	w.told(ids)
	for _, s := range ids {
		lo := w.lo[s]
		if lo < 0 {
			lo = end - w.rng.IntN(end+1)*(w.rng.IntN(4)/3)
		}
		w.Add(end, history.Event{Process: history.SessionProcess, Client: w.owner[s], Type: history.Info, F: history.FDisconnected, Session: s, Alive: w.at(lo)})
		if hi, ok := w.hi[s]; ok && hi >= 0 {
			w.Events = append(w.Events, history.Event{Time: w.at(hi), Process: history.SessionProcess, Client: w.owner[s], Type: history.Info, F: history.FDead, Session: s})
		}
	}
}

// told adds that clients learned of the ends of their sessions before they used the next ones, as
// nearly all do. Otherwise a client would have two sessions, and the record would not show which
// one it used.
func (w *world) told(ids []history.ID) {
	last := map[int]history.ID{}
	for _, s := range ids {
		c := w.owner[s]
		before := last[c]
		last[c] = s
		first := -1
		for i, e := range w.Events {
			if e.Session == s && (first < 0 || e.Time < w.Events[first].Time) {
				first = i
			}
		}
		if before == 0 || first < 0 || w.rng.IntN(8) == 0 {
			continue
		}
		w.Events = slices.Insert(w.Events, first, history.Event{
			Time: w.Events[first].Time, Process: history.SessionProcess, Client: c, Type: history.Info, F: history.FExpired, Session: before,
		})
	}
}

func (w *world) at(t int) time.Duration { return time.Duration(t) * Unit }

// UpTo returns a random number from 0 to n.
func (w *world) UpTo(n int) int { return w.rng.IntN(max(n, 0) + 1) }

// tenure is one hold of a generated history.
type tenure struct {
	client, ai, a, ao int
	session           history.ID
	token             history.ID
	asked             any      // the value of the acquire's invoke
	share             []string // the share of a set that it was granted
	ri, c, ret        int      // ri < 0: no release
	outcome           history.Type
	held              bool
}

// GenerateHolds makes a history of one lock with deaths, unknown releases, and acquires of unknown
// outcome.
func GenerateHolds(rng *rand.Rand, how Kind) *history.History {
	return generateHolds(rng, how, models.Lock.Name, 1)
}

// GenerateLeases makes a history of one semaphore in the same way.
func GenerateLeases(rng *rand.Rand, how Kind) *history.History {
	return generateHolds(rng, how, models.Semaphore.Name, 1+rng.IntN(2))
}

// generateHolds makes a history of an object that a number of clients can hold at a time.
func generateHolds(rng *rand.Rand, how Kind, model string, places int) *history.History {
	clients := 1 + places + rng.IntN(3)
	if how == random {
		clients = 3 + places
	}
	w := NewWorld(rng, Ours(model, history.Params{Clients: clients, Leases: places}).offers(history.Offers{Fencing: true}), clients)
	n := 2*places + rng.IntN(5)
	if how == random {
		n += 4 * (places - 1)
	}
	var all []tenure
	t, end := 1, 1              // t is the earliest time at which the next tenure may begin
	over := make([]int, places) // when each place is free
	for i := range n {
		c := rng.IntN(clients)
		x := tenure{client: c, token: history.ID(i + 1)}
		if how == random {
			t = w.UpTo(8 / (places * places))
			x.token = history.ID(1 + rng.IntN(2*n))
		}
		w.stay(&x, t)
		over[0] = x.c
		slices.Sort(over)
		t = max(over[0], x.a)
		end = max(end, x.ret, x.ao, x.c)
		all = append(all, x)
		if rng.IntN(6) == 0 && how != random { // an acquire that was granted, then cancelled, and gave the hold back
			o := (c + 1) % clients
			inv := max(w.Free[o], t-w.UpTo(3))
			t = max(t, inv) + w.UpTo(2)
			w.Op(Args{Client: o, F: models.FAcquire, Key: "k", Inv: inv, Ret: inv + w.UpTo(3), Outcome: history.Info, Session: w.session[o]})
			w.Free[o] = inv + 4
		}
	}
	if how == mutated {
		for range 2 * places * places {
			w.mutateTenures(all)
		}
	}
	w.tell(all)
	w.proofs(end + 5)
	return w.Build()
}

// tell adds the operations of tenures.
func (w *world) tell(all []tenure) {
	for _, x := range all {
		w.Op(Args{Client: x.client, F: models.FAcquire, Key: "k", Inv: x.ai, Ret: x.ao, Outcome: history.OK, In: x.asked, Out: x.granted(), Session: x.session})
		if x.ri >= 0 {
			w.Op(Args{Client: x.client, F: models.FRelease, Key: "k", Inv: x.ri, Ret: x.ret, Outcome: x.outcome, In: models.Held{Held: x.held}, Session: x.session})
		}
	}
}

// granted returns the value of the acquire's ok event.
func (x *tenure) granted() any {
	if x.share != nil {
		return models.Share{Keys: x.share, Token: x.token}
	}
	return models.Grant{Token: x.token}
}

// stay fills in a tenure that begins at t or later, and its end.
func (w *world) stay(x *tenure, t int) {
	c, rng := x.client, w.rng
	x.a = max(t+w.UpTo(2), w.Free[c])
	x.ai = max(w.Free[c], x.a-w.UpTo(4))
	x.ao = x.a + w.UpTo(4)
	x.session = w.session[c]
	switch rng.IntN(5) {
	case 0, 1, 2: // it is released
		x.ri = x.ao + w.UpTo(3)
		x.c = x.ri + w.UpTo(2)
		x.ret = x.c + w.UpTo(2)
		x.outcome, x.held = history.OK, true
		if rng.IntN(5) == 0 {
			x.outcome = history.Info
			x.ret = x.ri + w.UpTo(2)
		}
	case 3: // the session dies, and the client does not know yet
		x.c = x.a + w.UpTo(5)
		x.ri = max(x.ao, x.c) + w.UpTo(3)
		x.ret = x.ri + w.UpTo(3)
		x.outcome, x.held = []history.Type{history.OK, history.Fail, history.Info}[rng.IntN(3)], rng.IntN(2) == 0
		w.dies(c, x.c)
	default: // the session dies, and the client never releases
		x.c = x.a + w.UpTo(5)
		x.ri, x.ret = -1, x.ao
		w.dies(c, x.c)
	}
	w.Free[c] = max(x.ret, x.ao) + 1
}

// mutateTenures changes one thing, and leaves each client's calls in order.
func (w *world) mutateTenures(all []tenure) {
	x := &all[w.rng.IntN(len(all))]
	y := &all[w.rng.IntN(len(all))]
	switch w.rng.IntN(4) {
	case 0:
		x.token, y.token = y.token, x.token
	case 1: // the call is answered at once
		x.ao = x.ai
	case 2: // the hold lasts longer than it should
		if x.ri >= 0 {
			x.ri = x.ret
		}
		w.lo[x.session] = max(w.lo[x.session], x.ret)
		if hi, ok := w.hi[x.session]; ok && hi >= 0 {
			w.hi[x.session] = max(hi, w.lo[x.session])
		}
	default: // the session was dead before
		hi := max(0, x.ai-w.UpTo(2))
		w.hi[x.session], w.lo[x.session] = hi, 0
	}
}

// GenerateQueue makes a history of one FIFO queue with unknown outcomes, drained
// in some of them.
func GenerateQueue(rng *rand.Rand, how Kind) *history.History {
	return generateItems(rng, how, Foreign(models.Queue.Name), nil)
}

// queued is an item in a queue.
type queued struct {
	value    string
	priority int32
}

// itemCall is a call of a queue, with its item.
type itemCall struct {
	Args
	value string
}

// attempt draws a call at t, or one of unknown outcome; happens is false if it has no effect.
func (w *world) attempt(c, t int, key string) (x Args, happens bool) {
	x = Args{Client: c, Key: key, Inv: max(w.Free[c], t-w.UpTo(4)), Ret: t + w.UpTo(4), Outcome: history.OK}
	lost := w.rng.IntN(5) == 0
	happens = !lost || w.rng.IntN(2) == 0
	if lost {
		x.Outcome = history.Info
		if happens { // at t, which may be long after the client gave up
			x.Ret = x.Inv + w.UpTo(4)
		}
	}
	return x, happens
}

// mutateItems changes the outcomes of one or two calls of a queue.
func mutateItems(x, y *itemCall) {
	switch {
	case x.F == models.FDequeue && y.F == models.FDequeue:
		x.Out, y.Out = y.Out, x.Out
	case x.F == models.FEnqueue && x.Outcome == history.OK:
		x.Outcome = history.Fail
	default:
		x.Outcome, x.Out = history.Info, nil
	}
	for _, z := range []*itemCall{x, y} {
		if z.Outcome != history.OK {
			z.Out = nil
		}
	}
}

// generateItems makes a history of one queue. which chooses, among the items in the queue, the one
// that comes out; if it is nil, there are no priorities, and the first item comes out.
func generateItems(rng *rand.Rand, how Kind, r *Record, which func(there []queued) int) *history.History {
	clients := 2 + rng.IntN(3)
	w := NewWorld(rng, r, clients)
	var calls []itemCall
	var list []queued
	t, made := 1, 0
	for range 4 + rng.IntN(7) {
		c := rng.IntN(clients)
		t = max(t, w.Free[c]) + w.UpTo(2)
		args, happens := w.attempt(c, t, "q")
		x, lost := itemCall{Args: args}, args.Outcome == history.Info
		if rng.IntN(2) == 0 {
			made++
			x.F, x.value = models.FEnqueue, fmt.Sprintf("v%d", made)
			in := queued{value: x.value}
			x.In = models.Item{Item: x.value}
			if which != nil {
				in.priority = rng.Int32N(3)
				x.In = models.Ranked{Item: x.value, Priority: in.priority}
			}
			if happens {
				list = append(list, in)
			}
		} else {
			x.F = models.FDequeue
			switch {
			case !happens || len(list) == 0 && lost:
			case len(list) == 0:
				x.Out = nil // empty: excused because a server lags
			default:
				i := 0
				if which != nil {
					i = which(list)
				}
				x.value = list[i].value
				list = slices.Delete(list, i, i+1)
				if how == random {
					x.value = fmt.Sprintf("v%d", 1+rng.IntN(made+1))
				}
				if !lost {
					x.Out = models.Item{Item: x.value}
				}
			}
		}
		w.Free[c] = max(x.Ret, x.Inv) + 1
		calls = append(calls, x)
	}
	if how == mutated {
		mutateItems(&calls[rng.IntN(len(calls))], &calls[rng.IntN(len(calls))])
	}
	end := t
	for _, x := range calls {
		w.Op(x.Args)
		end = max(end, x.Ret)
	}
	if rng.IntN(2) == 0 && (len(list) == 0 || how != Constructed) {
		w.KeyFact(end+2, history.FDrained, "q", models.Drained{Empty: true})
	}
	return w.Build()
}

// raised draws the calls that raise a barrier at one moment and lift it at another.
func (w *world) raised(up, down int) (raise, lift Args) {
	raise = Args{Client: 0, F: models.FRaise, Key: "b", Inv: up - w.UpTo(4), Ret: up + w.UpTo(3), Outcome: history.OK}
	lift = Args{Client: 0, F: models.FLift, Key: "b", Inv: max(raise.Ret, down-w.UpTo(4)) + 1, Ret: down + 1 + w.UpTo(3), Outcome: history.OK}
	lift.Ret = max(lift.Ret, lift.Inv)
	if w.rng.IntN(6) == 0 {
		raise.Outcome = history.Info
	}
	if w.rng.IntN(6) == 0 {
		lift.Outcome = history.Info
		lift.Ret = lift.Inv + w.UpTo(3)
	}
	if w.rng.IntN(8) == 0 {
		lift.Ret = -1
	}
	return raise, lift
}

// GenerateBarrier makes one round of a barrier. Waiters are on servers that lag, as far as their
// sessions allow it.
func GenerateBarrier(rng *rand.Rand, how Kind) *history.History {
	r := Ours(models.Barrier.Name, history.Params{Clients: 4})
	if rng.IntN(3) == 0 {
		r = Foreign(models.Barrier.Name)
	}
	isForeign := r.Header.Version == 0
	w := NewWorld(rng, r, 4)
	up := 5 + w.UpTo(4)
	down := up + 4 + w.UpTo(10)
	raise, lift := w.raised(up, down)
	down = max(down, lift.Inv)
	w.Op(raise)
	w.Op(lift)
	for c := 1; c < 4; c++ {
		t := 1 + w.UpTo(3)
		for range 1 + rng.IntN(2) {
			inv := t + w.UpTo(8)
			ret := inv + w.UpTo(12)
			alive := max(0, inv-w.UpTo(6))
			switch {
			case how != random:
				// It sees the barrier at some moment from alive on, and passes if it is down.
				view := alive + w.UpTo(ret-alive)
				if isForeign {
					view = inv + w.UpTo(ret-inv)
				}
				if view > up && view < down {
					view = down + w.UpTo(3)
					ret = max(ret, view+w.UpTo(2))
				}
				if how == mutated {
					ret = max(inv, min(ret, lift.Inv-1))
				}
			case rng.IntN(2) == 0 && raise.Ret+1 < lift.Inv: // all of it while the barrier is up
				inv = max(t, raise.Ret+1)
				ret = max(inv, lift.Inv-1-w.UpTo(2))
				alive = inv - w.UpTo(1)
			}
			o := Args{Client: c, F: models.FAwait, Key: "b", Inv: inv, Ret: ret, Outcome: history.OK}
			if !isForeign {
				o.Session, o.Before = w.session[c], alive
				if rng.IntN(10) == 0 {
					w.reconnect(c)
				}
			}
			w.Op(o)
			t = ret + 1
		}
	}
	return w.Build()
}

// visit is what a client does in one round of a double barrier.
type visit struct {
	client, arrive, gone int
	enter                Args
}

// withdraws lets a client that is one too many give up.
func (v *visit) withdraws(w *world) {
	v.enter.Outcome = []history.Type{history.Fail, history.Info}[w.rng.IntN(2)]
	v.enter.Ret = max(v.arrive, v.enter.Inv) + w.UpTo(4)
	w.Op(v.enter)
	if w.rng.IntN(2) == 0 { // and tries again, too late
		w.Op(Args{Client: v.client, F: models.FEnter, Key: "d", Inv: v.enter.Ret + 1, Ret: v.enter.Ret + 1 + w.UpTo(6), Outcome: v.enter.Outcome, Session: v.enter.Session})
	}
}

// leaves lets a client leave, and get out at a time.
func (v *visit) leaves(w *world, out int, how Kind) {
	leave := Args{Client: v.client, F: models.FLeave, Key: "d", Inv: max(v.enter.Ret+1, v.gone-w.UpTo(3)), Ret: out, Outcome: history.OK, Session: v.enter.Session}
	leave.Ret = max(leave.Ret, leave.Inv)
	if how == mutated {
		leave.Ret = leave.Inv + w.UpTo(leave.Ret-leave.Inv)
	}
	if w.rng.IntN(10) == 0 {
		leave.Outcome = history.Info
	}
	w.Op(leave)
}

// GenerateRound makes one round of a double barrier, with more clients than members if
// more is true.
func GenerateRound(rng *rand.Rand, how Kind, deaths, more bool) *history.History {
	parties := 2 + rng.IntN(2)
	clients := parties
	if more {
		clients += rng.IntN(2)
	}
	w := NewWorld(rng, Ours(models.DoubleBarrier.Name, history.Params{Clients: clients, Parties: parties}), clients)
	visits := make([]*visit, clients)
	for c := range clients {
		visits[c] = &visit{client: c, arrive: 3 + w.UpTo(6)}
	}
	byArrival := slices.Clone(visits)
	slices.SortFunc(byArrival, func(x, y *visit) int { return cmp.Compare(x.arrive, y.arrive) })
	ready := byArrival[parties-1].arrive // the barrier opens
	last := ready
	// In a correct run, every member that was present by then passes, and asks to leave later. The
	// members get out when the last one has asked to leave, or has died.
	for _, v := range byArrival {
		v.enter = Args{Client: v.client, F: models.FEnter, Key: "d", Inv: max(2, v.arrive-w.UpTo(3)), Ret: max(ready, v.arrive) + w.UpTo(3), Outcome: history.OK, Session: w.session[v.client]}
		v.gone = max(ready, v.enter.Ret) + 1 + w.UpTo(5)
		if how == random {
			v.enter.Ret = v.enter.Inv + w.UpTo(8)
			v.gone = v.enter.Ret + 1 + w.UpTo(4)
		}
		last = max(last, v.gone)
	}
	for i, v := range byArrival {
		late := i >= parties && how != random
		if late { // one too many: it gives up and withdraws
			v.withdraws(w)
			continue
		}
		if more && how == random && rng.IntN(4) == 0 { // a first try that had no effect
			w.Op(Args{Client: v.client, F: models.FEnter, Key: "d", Inv: 1, Ret: v.enter.Inv - 1, Outcome: []history.Type{history.Fail, history.Info}[rng.IntN(2)], Session: v.enter.Session})
		}
		if rng.IntN(12) == 0 {
			v.enter.Outcome = history.Info
		}
		w.Op(v.enter)
		if deaths && rng.IntN(4) == 0 && v.gone > v.arrive {
			w.dies(v.client, max(ready, v.arrive)+w.UpTo(v.gone-max(ready, v.arrive)))
			if rng.IntN(2) == 0 {
				continue
			}
		}
		out := last + w.UpTo(4)
		if how == random {
			out = v.gone + w.UpTo(6)
		}
		v.leaves(w, out, how)
	}
	if !deaths {
		for s := range w.lo {
			w.lo[s] = 60
		}
	}
	w.proofs(60)
	return w.Build()
}
