package checker

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// scenario is a small history and what one property says of it. Each violation
// is a planted defect; each that is not flagged is something a correct recipe
// may do although it looks wrong.
type scenario struct {
	name     string
	property string
	want     Result
	says     string // part of the reason
	record   *record
}

// grant is a hold: acquire in [inv,ret] and, if release ≥ 0, a release that took 5 ms.
type grant struct {
	client   int
	inv, ret int
	release  int
	outcome  history.Type // of the release; "" is ok
	unheld   bool         // the release found the hold lost
	token    history.ID
	session  history.ID
	was      history.ID // the client's session at the invocation, if another
	alive    int        // last proof of life, seen at the end; 0: at the release
}

func (r *record) hold(g grant) *record {
	s := g.session
	if s == 0 {
		s = history.ID(g.client + 1)
	}
	r.op(opArgs{client: g.client, f: history.FAcquire, key: "k", inv: g.inv, ret: g.ret, outcome: history.OK, out: history.Grant{Token: g.token}, session: s, was: g.was})
	alive := g.alive
	if alive == 0 {
		alive = max(g.release, g.ret)
	}
	if g.release >= 0 {
		o := g.outcome
		if o == "" {
			o = history.OK
		}
		r.op(opArgs{client: g.client, f: history.FRelease, key: "k", inv: g.release, ret: g.release + 5, outcome: o, in: history.Held{Held: !g.unheld, Token: g.token}, session: s})
	}
	return r.proof(g.client, s, alive)
}

// proof adds a fact that shows a session alive at a moment.
func (r *record) proof(client int, s history.ID, alive int) *record {
	return r.add(alive, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected, Session: s, Alive: time.Duration(alive) * ms})
}

// refused adds an acquire that answered an error.
func (r *record) refused(client, inv, ret int) *record {
	r.call(client, history.FAcquire, inv, ret, history.Info)
	r.events[len(r.events)-1].Error = &history.Error{Code: "error", Message: "deadlock"}
	return r
}

// paused adds a fault that took effect from one moment to the other.
func paused(r *record, from, to int) *record {
	return r.fact(from, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).
		fact(from, "pause", history.FaultStep{Fault: 1, Step: history.StepVerified}).
		fact(to, "pause", history.FaultStep{Fault: 1, Step: history.StepHealed})
}

func (r *record) confirm(client, inv int, held bool, token, s history.ID) *record {
	return r.op(opArgs{client: client, f: history.FConfirm, key: "k", inv: inv, ret: inv + 2, outcome: history.OK, out: history.Held{Held: held, Token: token}, session: s})
}

func (r *record) lost(t, client int, token, s history.ID) *record {
	return r.add(t, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FLost, Key: "k", Value: history.Value(history.LostHold{Token: token}), Session: s})
}

func (r *record) write(client, inv int, token history.ID, accepted bool, order int64) *record {
	return r.op(opArgs{client: client, f: history.FWrite, key: "k", inv: inv, ret: inv + 1, outcome: history.OK, in: history.Grant{Token: token}, out: history.Written{Accepted: accepted, Token: token, Order: order}, session: history.ID(client + 1)})
}

func (r *record) put(client, inv, ret int, item string, o history.Type) *record {
	return r.op(opArgs{client: client, f: history.FEnqueue, key: "k", inv: inv, ret: ret, outcome: o, in: history.Item{Item: item}, session: history.ID(client + 1)})
}

func (r *record) take(client, inv, ret int, item string, o history.Type) *record {
	a := opArgs{client: client, f: history.FDequeue, key: "k", inv: inv, ret: ret, outcome: o, session: history.ID(client + 1)}
	if item != "" {
		a.out = history.Item{Item: item}
	}
	return r.op(a)
}

// call is an operation without values.
func (r *record) call(client int, f string, inv, ret int, o history.Type) *record {
	return r.op(opArgs{client: client, f: f, key: "k", inv: inv, ret: ret, outcome: o, session: history.ID(client + 1), before: inv, alive: max(inv, ret)})
}

func (r *record) wait(client, inv, ret, alive int, s history.ID) *record {
	return r.op(opArgs{client: client, f: history.FAwait, key: "k", inv: inv, ret: ret, outcome: history.OK, session: s, was: history.ID(client + 1), before: alive})
}

func lock() *record {
	return ours(history.ModelLock, history.Params{Clients: 3}).offers(history.Offers{Fencing: true})
}

func election() *record {
	return ours(history.ModelElection, history.Params{Clients: 3}).offers(history.Offers{Fencing: true})
}
func queue() *record   { return ours(history.ModelQueue, history.Params{Clients: 3}) }
func barrier() *record { return ours(history.ModelBarrier, history.Params{Clients: 3}) }
func gates(n int) *record {
	return ours(history.ModelDoubleBarrier, history.Params{Clients: 3, Parties: n})
}

func telling() *record {
	return ours(history.ModelLock, history.Params{Clients: 3}).offers(history.Offers{Fencing: true, TellsLost: true})
}

// shortWaits are attempts that each end before a recipe could have answered.
func shortWaits() *record {
	r := lock().phases(0, 100, 200)
	for i := range 20 {
		r.call(0, history.FAcquire, 300+600*i, 800+600*i, history.Info)
	}
	return r.keyFact(20000, history.FFinal, "k", history.Final{})
}

// bound is B of these scenarios: 4 s, two ticks of 500 ms, and 2 s.
const bound = 7000

const (
	expired = history.FExpired
	dead    = history.FDead
)

var scenarios = []scenario{
	// Exclusive holds.
	{
		"two holders", "exclusion", Violation, "client 1 was granted k at 0.030 s with token 0x2 while client 0 held it from 0.020 s until at least 0.050 s",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1}).hold(grant{client: 1, inv: 11, ret: 30, release: 60, token: 2}),
	},
	{
		"release and grant at one moment", "exclusion", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1}).hold(grant{client: 1, inv: 11, ret: 50, release: 60, token: 2}),
	},
	{
		"granted before the unknown release returned", "exclusion", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1, outcome: history.Info}).hold(grant{client: 1, inv: 11, ret: 52, release: 60, token: 2}),
	},
	{
		"a failed release releases nothing", "exclusion", Violation, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1, outcome: history.Fail, alive: 90}).hold(grant{client: 1, inv: 11, ret: 60, release: 80, token: 2}),
	},
	{
		"the holder's session may be dead", "exclusion", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 900, token: 1, alive: 25, outcome: history.Info}).hold(grant{client: 1, inv: 11, ret: 30, release: 60, token: 2}),
	},
	{
		"the holder's session was alive", "exclusion", Violation, "until at least 0.031 s",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 900, token: 1, alive: 31}).hold(grant{client: 1, inv: 11, ret: 30, release: 60, token: 2}),
	},
	{
		"a grant learned of after the session died, and after the successor's", "exclusion", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 60, release: 100, token: 1, alive: 15, outcome: history.Fail}).session(22, dead, 0, 1).hold(grant{client: 1, inv: 11, ret: 30, release: 90, token: 2}),
	},
	{
		"a grant made wholly inside another's hold", "exclusion", Violation, "all of it while client 1 held it",
		lock().hold(grant{client: 0, inv: 40, ret: 60, release: 100, token: 1, alive: 41, outcome: history.Fail}).session(50, dead, 0, 1).hold(grant{client: 1, inv: 11, ret: 30, release: 90, token: 2}),
	},
	{
		"a grant on a session that was dead before the call", "exclusion", Violation, "on a session that was dead by 0.022 s",
		lock().hold(grant{client: 0, inv: 40, ret: 60, release: 100, token: 1, alive: 15, outcome: history.Fail}).session(22, dead, 0, 1),
	},
	{
		"a re-entrant answer from memory, owned by the dead session", "exclusion", Violation, "on a session that was dead by",
		lock().proof(0, 1, 5).session(22, dead, 0, 1).proof(0, 9, 30).hold(grant{client: 0, inv: 40, ret: 60, release: 70, token: 1, session: 1, was: 9, alive: 5}),
	},
	{
		"a new session during the call: the old one may own it", "exclusion", Valid, "",
		lock().proof(0, 1, 5).proof(0, 9, 30).hold(grant{client: 0, inv: 10, ret: 60, release: 70, token: 1, session: 9, was: 1, alive: 68}).hold(grant{client: 1, inv: 11, ret: 65, release: 67, token: 2}),
	},
	{
		"the recipe gave the znode up before the worker noticed", "exclusion", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 90, unheld: true, token: 1, alive: 95}).confirm(0, 25, true, 1, 1).lost(80, 0, 1, 1).hold(grant{client: 1, inv: 11, ret: 40, release: 100, token: 2}),
	},
	{
		"it was confirmed after the other's grant", "exclusion", Violation, "until at least 0.045 s",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 90, unheld: true, token: 1, alive: 95}).confirm(0, 45, true, 1, 1).lost(80, 0, 1, 1).hold(grant{client: 1, inv: 11, ret: 40, release: 100, token: 2}),
	},
	{
		"leads for ever after its own expiry", "exclusion", Violation, "client 0 held it",
		election().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).proof(0, 9, 3000).confirm(0, 1200, true, 1, 9).
			hold(grant{client: 1, inv: 11, ret: 1500, release: 2000, token: 2}),
	},
	{
		"confirms shortly after it was told", "exclusion", Valid, "",
		election().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).proof(0, 9, 3000).confirm(0, 900, true, 1, 9).
			hold(grant{client: 1, inv: 11, ret: 700, release: 2000, token: 2}),
	},
	{
		"a session that lived after its death", "exclusion", Unknown, "contradicts itself",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1}).session(30, dead, 0, 1),
	},
	{
		"without sessions holds end at releases", "exclusion", Violation, "",
		foreign(history.ModelLock).op(opArgs{client: 0, f: history.FAcquire, key: "k", inv: 1, ret: 2, outcome: history.OK}).op(opArgs{client: 1, f: history.FAcquire, key: "k", inv: 3, ret: 4, outcome: history.OK}),
	},
	{
		"without sessions, one after the other", "exclusion", Valid, "",
		foreign(history.ModelLock).op(opArgs{client: 0, f: history.FAcquire, key: "k", inv: 1, ret: 2, outcome: history.OK}).op(opArgs{client: 0, f: history.FRelease, key: "k", inv: 3, ret: -1}).
			op(opArgs{client: 1, f: history.FAcquire, key: "k", inv: 3, ret: 4, outcome: history.OK}),
	},
	{
		"our own run without sessions proves nothing", "exclusion", Valid, "",
		lock().op(opArgs{client: 0, f: history.FAcquire, key: "k", inv: 1, ret: 2, outcome: history.OK}).op(opArgs{client: 1, f: history.FAcquire, key: "k", inv: 3, ret: 4, outcome: history.OK}),
	},

	{
		"says yes while the loss is being told", "tokens", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 21}).hold(grant{client: 1, inv: 11, ret: 40, release: 60, token: 2}).
			confirm(0, 50, true, 1, 1).confirm(0, 70, true, 1, 1).lost(71, 0, 1, 1),
	},
	{
		"says yes after the loss was told", "tokens", Violation, "lower token 0x1 was in force",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 21}).hold(grant{client: 1, inv: 11, ret: 40, release: 60, token: 2}).
			confirm(0, 50, true, 1, 1).lost(69, 0, 1, 1).confirm(0, 70, true, 1, 1),
	},
	{
		"tokens that start again", "tokens", Violation, "lower token 0x1 was in force",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 2}).hold(grant{client: 1, inv: 40, ret: 50, release: 60, token: 1}),
	},
	{
		"one token for two", "tokens", Violation, "the same token 0x7",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 7}).hold(grant{client: 1, inv: 40, ret: 50, release: 60, token: 7}),
	},
	{
		"a floating grant that returned after its successor", "tokens", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 60, release: 100, token: 1, alive: 15, outcome: history.Fail}).session(22, dead, 0, 1).hold(grant{client: 1, inv: 11, ret: 30, release: 90, token: 2}),
	},
	{
		"a latch that regained its leadership", "tokens", Valid, "",
		election().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 3, alive: 90}).confirm(0, 30, false, 3, 1).confirm(0, 50, true, 3, 1).confirm(0, 60, true, 3, 1),
	},

	{
		"the holder's write was refused", "fencing", Violation, "yet its write at 0.050 s was refused, after a write of client 0 with token 0x2",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 2}).write(0, 22, 2, true, 1).hold(grant{client: 1, inv: 35, ret: 40, release: 60, token: 1}).write(1, 50, 1, false, 2),
	},
	{
		"a stale write was accepted after the new one's", "fencing", Violation, "was accepted after that of client 1",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 100, token: 1, alive: 20}).write(0, 50, 1, true, 2).hold(grant{client: 1, inv: 25, ret: 40, release: 60, token: 2}).write(1, 45, 2, true, 1),
	},
	{
		"a stale write before the new one's, another after it", "fencing", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 100, token: 1, alive: 20}).write(0, 42, 1, true, 1).hold(grant{client: 1, inv: 25, ret: 40, release: 60, token: 2}).write(1, 45, 2, true, 2).write(0, 50, 1, false, 3),
	},

	{
		"says it holds long after it was told", "lost", Violation, "said at 1.600 s that it still holds",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).confirm(0, 1600, true, 1, 9),
	},
	{
		"releases as held long after it was told", "lost", Violation, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 1600, token: 1, alive: 25}).session(100, expired, 0, 1),
	},
	{
		"never says that the hold is lost", "lost", Violation, "was not reported lost",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).fact(5000, history.FEnd, nil),
	},
	{
		"says so too late", "lost", Violation, "only at 3.000 s",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).lost(3000, 0, 1, 1),
	},
	{
		"says so in time", "lost", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).confirm(0, 600, true, 1, 9).lost(900, 0, 1, 1).fact(9000, history.FEnd, nil),
	},
	{
		"asked late, the hold is known to be lost", "lost", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 3000, unheld: true, token: 1, alive: 25}).session(100, expired, 0, 1),
	},
	{
		"released before it was told", "lost", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1, alive: 25}).session(100, expired, 0, 1).fact(9000, history.FEnd, nil),
	},
	{
		"takes the key again from memory", "lost", Violation, "said at 2.005 s that it still holds",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 60, outcome: history.Info, token: 1, alive: 25}).session(40, expired, 0, 1).
			hold(grant{client: 0, inv: 2000, ret: 2001, release: 2020, token: 1, session: 9}).confirm(0, 2005, true, 1, 9),
	},
	{
		"takes the key again rightly", "lost", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 60, unheld: true, token: 1, alive: 25}).session(40, expired, 0, 1).
			hold(grant{client: 0, inv: 2000, ret: 2001, release: 2020, token: 2, session: 9}).confirm(0, 2005, true, 2, 9),
	},
	{
		"won again under another token", "lost", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).lost(200, 0, 1, 1).confirm(0, 3000, true, 5, 9),
	},
	{
		"late only because the harness was held up", "lost", Unknown, "the harness itself was held up",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).fact(1200, history.FStall, history.Stall{Gap: 900 * ms}).lost(1500, 0, 1, 1),
	},

	{
		"two believers", "belief", Violation, "for 0.030 s both",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 21}).hold(grant{client: 1, inv: 11, ret: 30, release: 70, token: 2}),
	},
	{
		"one believer after the other", "belief", Valid, "",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 1}).hold(grant{client: 1, inv: 11, ret: 30, release: 70, token: 2}),
	},
	{
		"the loss was told before the other's grant", "belief", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 90, unheld: true, token: 1, alive: 25}).lost(28, 0, 1, 1).hold(grant{client: 1, inv: 11, ret: 30, release: 70, token: 2}),
	},

	{
		"an idle lock", "progress", Violation, "nobody held it",
		lock().phases(0, 100, 200).call(0, history.FAcquire, 300, 300+bound+200, history.Info).keyFact(9000, history.FFinal, "k", history.Final{}),
	},
	{
		"an idle lock that many try in vain", "progress", Violation, "",
		lock().phases(0, 100, 200).call(0, history.FAcquire, 300, 4300, history.Info).call(0, history.FAcquire, 4400, 8400, history.Info).keyFact(9000, history.FFinal, "k", history.Final{}),
	},
	{
		"the wait was before heal", "progress", Valid, "",
		lock().phases(0, 100, 9000).fact(50, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).call(0, history.FAcquire, 300, 10000, history.Fail).keyFact(10001, history.FFinal, "k", history.Final{}),
	},
	{
		"the waiter was not connected", "progress", Valid, "",
		lock().phases(0, 100, 200).session(1, history.FConnected, 0, 1).session(4000, history.FDisconnected, 0, 1).call(0, history.FAcquire, 300, 9000, history.Fail).keyFact(9500, history.FFinal, "k", history.Final{}),
	},
	{
		"somebody held it all the time", "progress", Valid, "",
		lock().phases(0, 100, 200).hold(grant{client: 1, inv: 210, ret: 220, release: 9000, token: 1}).call(0, history.FAcquire, 300, 9000, history.Fail).keyFact(9500, history.FFinal, "k", history.Final{}),
	},
	{
		"idle, but the harness was held up", "progress", Unknown, "held up",
		lock().phases(0, 100, 200).fact(3000, history.FStall, history.Stall{Gap: 400 * ms}).call(0, history.FAcquire, 300, 300+bound+200, history.Fail).keyFact(9000, history.FFinal, "k", history.Final{}),
	},
	{
		"a contender left behind", "progress", Violation, "still stood in line",
		lock().phases(0, 100, 200).call(0, history.FAcquire, 300, 400, history.Info).keyFact(400+bound+100, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000001", Owner: 1}}}),
	},
	{
		"it may still be deleting it", "progress", Unknown, "still stood in line",
		lock().phases(0, 100, 200).call(0, history.FAcquire, 300, 400, history.Info).keyFact(400+bound-100, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000001", Owner: 1}}}),
	},
	{
		"those in line still want", "progress", Valid, "",
		lock().phases(0, 100, 200).hold(grant{client: 0, inv: 300, ret: 400, release: -1, token: 1}).op(opArgs{client: 1, f: history.FAcquire, key: "k", inv: 500, ret: -1, session: 2}).
			keyFact(20000, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000001", Owner: 1}, {Name: "n-0000000002", Owner: 2}, {Name: "foreign", Owner: 0}}}),
	},
	{
		"no list from the end", "progress", Unknown, "no list of contenders",
		lock().phases(0, 100, 200).call(0, history.FAcquire, 300, 400, history.Fail),
	},

	{
		"somebody leads who never stood", "who-leads", Violation, "had never been a candidate",
		election().call(0, history.FAcquire, 10, 20, history.OK).op(opArgs{client: 1, f: history.FLeader, key: "k", inv: 30, ret: 31, outcome: history.OK, out: history.Leader{Client: 2}}),
	},
	{
		"a stale and an empty answer", "who-leads", Valid, "",
		election().phases(0, 1, 2).hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 1}).hold(grant{client: 1, inv: 10, ret: 40, release: -1, token: 2}).
			op(opArgs{client: 2, f: history.FLeader, key: "k", inv: 3000, ret: 3001, outcome: history.OK, out: history.Leader{Client: 0}}).
			op(opArgs{client: 2, f: history.FLeader, key: "k", inv: 3010, ret: 3011, outcome: history.OK, out: history.Leader{Client: -1}}).
			keyFact(20000, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000002", Owner: 2}}}),
	},
	{
		"a stale answer long after", "who-leads", Violation, "though client 1 led k",
		election().phases(0, 1, 2).hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 1}).hold(grant{client: 1, inv: 10, ret: 40, release: -1, token: 2}).
			op(opArgs{client: 2, f: history.FLeader, key: "k", inv: 40 + bound + 10, ret: 40 + bound + 20, outcome: history.OK, out: history.Leader{Client: 0}}).
			keyFact(20000, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000002", Owner: 2}}}),
	},

	{
		"leads under a term that it gave up", "states", Violation, "a term that had ended",
		election().hold(grant{client: 0, inv: 10, ret: 20, release: 30, token: 1, alive: 90}).confirm(0, 60, true, 1, 1),
	},
	{
		"regained after a doubt", "states", Valid, "",
		election().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 3, alive: 90}).confirm(0, 30, false, 3, 1).confirm(0, 50, true, 3, 1),
	},

	// Queues.
	{
		"taken twice", "integrity", Violation, "taken twice",
		queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "a", history.OK).take(2, 3, 5, "a", history.OK),
	},
	{"taken, but never put in", "integrity", Violation, "nobody had put in", queue().take(1, 3, 4, "a", history.OK)},
	{"taken, but its enqueue had failed", "integrity", Violation, "had failed", queue().put(0, 1, 2, "a", history.Fail).take(1, 3, 4, "a", history.OK)},
	{"taken before it was put in", "integrity", Violation, "before client 0 put it in", queue().take(1, 3, 4, "a", history.OK).put(0, 5, 6, "a", history.OK)},
	{"an enqueue with an unknown outcome came true", "integrity", Valid, "", queue().put(0, 1, 2, "a", history.Info).take(1, 30, 40, "a", history.OK)},
	{"taken while it was being put in", "integrity", Valid, "", queue().put(0, 1, 9, "a", history.OK).take(1, 3, 4, "a", history.OK)},
	{"items that are not unique", "integrity", Unknown, "enqueued twice", queue().put(0, 1, 2, "a", history.OK).put(1, 1, 2, "a", history.OK)},

	{
		"out of order", "order", Violation, `item "a" went into k by 0.002 s, before "b"`,
		queue().put(0, 1, 2, "a", history.OK).put(0, 3, 4, "b", history.OK).take(1, 5, 6, "b", history.OK).take(1, 7, 8, "a", history.OK),
	},
	{
		"put in at one time", "order", Valid, "",
		queue().put(0, 1, 3, "a", history.OK).put(1, 3, 4, "b", history.OK).take(1, 5, 6, "b", history.OK).take(1, 7, 8, "a", history.OK),
	},
	{
		"put in nobody knows when", "order", Valid, "",
		queue().put(0, 1, 2, "a", history.Info).put(1, 3, 4, "b", history.OK).take(1, 5, 6, "b", history.OK).take(1, 7, 8, "a", history.OK),
	},
	{
		"taken at one time", "order", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).put(0, 3, 4, "b", history.OK).take(1, 5, 7, "b", history.OK).take(2, 6, 8, "a", history.OK),
	},

	{
		"lost", "loss", Violation, "the queue was empty at 0.020 s",
		queue().put(0, 1, 2, "a", history.OK).keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"lost, as a later one shows", "loss", Violation, `"b", put in after it, came out`,
		queue().put(0, 1, 2, "a", history.OK).put(0, 3, 4, "b", history.OK).take(1, 5, 6, "b", history.OK),
	},
	{
		"two lost, one unknown dequeue", "loss", Violation, "2 items",
		queue().put(0, 1, 2, "a", history.OK).put(0, 3, 4, "b", history.OK).take(1, 5, 6, "", history.Info).keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"lost before the unknown dequeue began", "loss", Violation, "",
		queue().put(0, 1, 2, "a", history.OK).put(0, 3, 4, "b", history.OK).take(1, 5, 6, "b", history.OK).take(1, 7, 9, "", history.Info).keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"taken by an unknown dequeue", "loss", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).take(1, 5, 6, "", history.Info).keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"an unknown enqueue never came", "loss", Valid, "",
		queue().put(0, 1, 2, "a", history.Info).keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{"not drained", "loss", Unknown, "was not drained", queue().put(0, 1, 2, "a", history.OK)},
	{
		"not drained in time", "loss", Unknown, "the drain left 1 item in the queue",
		queue().put(0, 1, 2, "a", history.OK).keyFact(20, history.FDrained, "k", history.Drained{Left: 1}),
	},
	{"not drained, but everything came out", "loss", Valid, "", queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "a", history.OK)},

	{"its own item not seen", "empty", Violation, "its own item", queue().put(0, 1, 2, "a", history.OK).take(0, 3, 4, "", history.OK).take(1, 5, 6, "a", history.OK)},
	{"another's item not seen", "empty", Valid, "", queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "", history.OK)},
	{
		"its own item may have been taken", "empty", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).take(1, 1, 9, "a", history.OK).take(0, 3, 4, "", history.OK),
	},
	{
		"its own item may have been taken by nobody knows whom", "empty", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).take(1, 1, 2, "", history.Info).take(0, 3, 4, "", history.OK),
	},
	{
		"its own item of another session", "empty", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).op(opArgs{client: 0, f: history.FDequeue, key: "k", inv: 3, ret: 4, outcome: history.OK, session: 77}),
	},

	{
		"a waiting consumer and an item", "progress", Violation, `while item "a" was in it`,
		queue().phases(0, 1, 2).put(0, 10, 20, "a", history.OK).take(1, 30, 30+bound+100, "", history.Fail).take(2, 9000, 9001, "a", history.OK),
	},
	{
		"a consumer that asks again and again", "progress", Violation, "",
		queue().phases(0, 1, 2).put(0, 10, 20, "a", history.OK).take(1, 30, 4000, "", history.Fail).take(1, 4010, 8000, "", history.Fail).take(2, 9000, 9001, "a", history.OK),
	},
	{
		"a consumer that got others", "progress", Valid, "",
		queue().phases(0, 1, 2).put(0, 10, 20, "a", history.OK).put(1, 10, 21, "b", history.OK).take(1, 30, 4000, "b", history.OK).take(1, 4010, 8000, "", history.Fail).take(2, 9000, 9001, "a", history.OK),
	},
	{
		"what the drain could not get out", "progress", Violation, "an item that the drain did not get out was in it",
		queue().phases(0, 1, 2).put(0, 10, 20, "a", history.OK).take(2, 22, 25, "", history.Info).take(1, 30, 30+bound+100, "", history.Info).keyFact(9000, history.FDrained, "k", history.Drained{Left: 1}),
	},
	{
		"what is left may have come late", "progress", Valid, "",
		queue().phases(0, 1, 2).put(0, 10, 20, "a", history.Info).take(1, 30, 30+bound+100, "", history.Info).keyFact(9000, history.FDrained, "k", history.Drained{Left: 1}),
	},
	{
		"an unknown dequeue may have taken the item", "progress", Valid, "",
		queue().phases(0, 1, 2).put(0, 10, 20, "a", history.OK).take(2, 22, 25, "", history.Info).take(1, 30, 30+bound+100, "", history.Fail),
	},

	// Barriers.
	{
		"passed while it was up", "early", Violation, "raised by 0.020 s and not lifted before 0.100 s",
		barrier().call(0, history.FRaise, 10, 20, history.OK).wait(1, 40, 50, 30, 2).call(0, history.FLift, 100, 110, history.OK),
	},
	{
		"passed, though the lift had failed", "early", Violation, "",
		barrier().call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 22, 25, history.Fail).wait(1, 40, 50, 30, 2),
	},
	{
		"passed by a view from before the raise", "early", Valid, "",
		barrier().call(0, history.FRaise, 10, 20, history.OK).wait(1, 40, 50, 15, 2).call(0, history.FLift, 100, 110, history.OK),
	},
	{
		"passed in a new session on a server that lags", "early", Valid, "",
		barrier().call(0, history.FRaise, 10, 20, history.OK).wait(1, 40, 50, 30, 9).call(0, history.FLift, 100, 110, history.OK),
	},
	{
		"nobody knows whether it was up", "early", Valid, "",
		barrier().call(0, history.FRaise, 10, 20, history.Info).wait(1, 40, 50, 30, 2).call(0, history.FLift, 100, 110, history.OK),
	},
	{
		"an unknown lift came true late", "early", Valid, "",
		barrier().call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 22, 25, history.Info).wait(1, 40, 50, 30, 2),
	},
	{
		"passed during the lift", "early", Valid, "",
		barrier().call(0, history.FRaise, 10, 20, history.OK).wait(1, 40, 100, 30, 2).call(0, history.FLift, 100, 110, history.OK),
	},

	{
		"left behind", "late", Violation, "still waited at k",
		barrier().phases(0, 1, 2).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 110+bound+50, history.Info),
	},
	{
		"slow, but within the bound", "late", Valid, "",
		barrier().phases(0, 1, 2).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 110+bound-50, history.OK),
	},
	{
		"waited before heal", "late", Valid, "",
		barrier().phases(0, 9000, 9500).fact(5, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 10000, history.OK),
	},
	{
		"the waiter was cut off", "late", Valid, "",
		barrier().phases(0, 1, 2).session(1, history.FConnected, 1, 2).session(3000, history.FDisconnected, 1, 2).session(6000, history.FConnected, 1, 2).
			call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 9000, history.OK),
	},
	{
		"the lift did not succeed", "late", Valid, "",
		barrier().phases(0, 1, 2).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.Info).call(1, history.FAwait, 40, 20000, history.Info),
	},

	{
		"left behind since a fault, and gave up before quiesce", "late", Violation, "client 1 still waited at k",
		paused(barrier().phases(0, 15000, 15001), 500, 5000).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 14000, history.Info),
	},
	{
		"waited for as long as a fault lasted", "late", Valid, "",
		paused(barrier().phases(0, 15000, 15001), 500, 13000).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 14000, history.Info),
	},
	{
		"waited through a fault that nobody saw end", "late", Valid, "",
		barrier().phases(0, 15000, 15001).fact(500, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 14000, history.Info),
	},
	{
		"all wait to get out after a fault, and give up before quiesce", "progress", Violation, "waited to leave k",
		paused(gates(2).phases(0, 15000, 15001), 500, 5000).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 100, 14000, history.Info).call(1, history.FLeave, 110, 14000, history.Info),
	},

	// Double barriers.
	{
		"a lone client enters", "enter", Violation, "at most 1 of 2 members",
		gates(2).call(0, history.FEnter, 10, 20, history.OK),
	},
	{
		"the dead are counted", "enter", Violation, "at most 1 of 2 members",
		gates(2).call(0, history.FEnter, 10, 100, history.OK).op(opArgs{client: 1, f: history.FEnter, key: "k", inv: 1, ret: -1, session: 2}).session(8, dead, 1, 2),
	},
	{
		"one who timed out is counted", "enter", Violation, "",
		gates(2).call(1, history.FEnter, 1, 8, history.Fail).call(0, history.FEnter, 10, 20, history.OK),
	},
	{
		"one who tried twice is counted once", "enter", Violation, "",
		gates(2).call(0, history.FEnter, 1, 5, history.Info).call(0, history.FEnter, 10, 20, history.OK),
	},
	{
		"told too early, it tries again beside its own old znode", "enter", Valid, "",
		gates(3).op(opArgs{client: 0, f: history.FEnter, key: "k", inv: 10, ret: 15, outcome: history.Info, session: 1}).session(14, history.FExpired, 0, 1).
			op(opArgs{client: 0, f: history.FEnter, key: "k", inv: 900, ret: 910, outcome: history.OK, session: 9}).call(1, history.FEnter, 890, 910, history.OK),
	},
	{
		"all came", "enter", Valid, "",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 15, 30, history.OK),
	},
	{
		"a slow member passes when others have gone again", "enter", Valid, "",
		gates(2).call(0, history.FEnter, 10, 200, history.OK).call(1, history.FEnter, 15, 30, history.OK).session(90, dead, 1, 2),
	},
	{
		"one whose call came to nothing may have been there", "enter", Valid, "",
		gates(2).call(0, history.FEnter, 10, 40, history.OK).call(1, history.FEnter, 15, 30, history.Info),
	},

	{
		"left while another is inside", "leave", Violation, "while client 1 was inside",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 30, 40, history.OK).call(1, history.FLeave, 50, 60, history.OK),
	},
	{
		"left while a slow member is on its way in", "leave", Violation, "",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 45, history.OK).call(0, history.FLeave, 30, 40, history.OK).proof(1, 2, 60),
	},
	{
		"the others had asked to leave", "leave", Valid, "",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 30, 40, history.OK).call(1, history.FLeave, 39, 60, history.OK),
	},
	{
		"the other had crashed", "leave", Valid, "",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 30, 40, history.OK),
	},
	{
		"the other gave up on its way in", "leave", Valid, "",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 25, history.Info).proof(1, 2, 90).call(0, history.FLeave, 30, 40, history.OK),
	},

	{
		"all wait to get in", "progress", Violation, "2 live clients waited together to enter",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 9000, history.Fail).call(1, history.FEnter, 20, 9000, history.Fail),
	},
	{
		"all wait to get in, again and again", "progress", Violation, "2 live clients waited together to enter",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 5000, history.Info).call(1, history.FEnter, 20, 5000, history.Info).call(0, history.FEnter, 5020, 9000, history.Info).call(1, history.FEnter, 5030, 9000, history.Info),
	},
	{"one is missing", "progress", Valid, "", gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 9000, history.Fail)},
	{
		"all wait to get out", "progress", Violation, "waited to leave",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 30, 9000, history.Fail).call(1, history.FLeave, 40, 9000, history.Info),
	},
	{
		"the dead keep them in", "progress", Violation, "waited to leave",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).session(50, dead, 1, 2).call(0, history.FLeave, 30, 9000, history.OK),
	},
	{
		"one who does not want to leave keeps them in", "progress", Valid, "",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 30, 9000, history.Fail),
	},
	{
		"a failed release that found the hold lost", "exclusion", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: 90, unheld: true, outcome: history.Fail, token: 1, alive: 95}).confirm(0, 25, true, 1, 1).hold(grant{client: 1, inv: 11, ret: 40, release: 100, token: 2}),
	},
	{
		"an older sign of life comes later", "exclusion", Violation, "until at least 0.031 s",
		lock().hold(grant{client: 0, inv: 10, ret: 20, release: 900, token: 1, alive: 31}).hold(grant{client: 1, inv: 11, ret: 30, release: 60, token: 2}).
			add(70, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FDisconnected, Session: 1, Alive: 21 * ms}),
	},
	{
		"known to be lost at once, reported late", "lost", Valid, "",
		telling().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).session(100, expired, 0, 1).confirm(0, 500, false, 1, 9).lost(1300, 0, 1, 1).fact(9000, history.FEnd, nil),
	},
	{"waits too short for an answer", "progress", Valid, "", shortWaits()},
	{
		"left behind before heal, which has just ended", "progress", Unknown, "still stood in line",
		lock().phases(0, 100, 9000).fact(50, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).call(0, history.FAcquire, 10, 20, history.Info).
			keyFact(9100, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000001", Owner: 1}}}),
	},
	{
		"left behind by an ensemble that never was healthy again", "late", Unknown, "no moment from which on",
		barrier().phases(0, 1, 2).fact(3, history.FHealth, history.Health{When: "after"}).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(1, history.FAwait, 40, 20000, history.Info),
	},
	{
		"the right answer, and that of one who had been cut off", "who-leads", Valid, "",
		election().phases(0, 1, 2).hold(grant{client: 1, inv: 10, ret: 40, release: -1, token: 2}).
			session(1, history.FConnected, 2, 3).session(7000, history.FDisconnected, 2, 3).session(7040, history.FConnected, 2, 3).
			op(opArgs{client: 0, f: history.FLeader, key: "k", inv: 40 + bound + 10, ret: 40 + bound + 20, outcome: history.OK, out: history.Leader{Client: 1}}).
			op(opArgs{client: 2, f: history.FLeader, key: "k", inv: 40 + bound + 10, ret: 40 + bound + 20, outcome: history.OK, out: history.Leader{Client: -1}}).
			keyFact(20000, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "n-0000000002", Owner: 2}}}),
	},
	{
		"put in while the drain looked", "loss", Unknown, "was not drained",
		queue().put(0, 19, 25, "a", history.OK).keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"its own item, but the session changed meanwhile", "empty", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).op(opArgs{client: 0, f: history.FDequeue, key: "k", inv: 3, ret: 4, outcome: history.OK, session: 77, was: 1}),
	},
	{
		"raised again", "late", Valid, "",
		barrier().phases(0, 1, 2).call(0, history.FRaise, 10, 20, history.OK).call(0, history.FLift, 100, 110, history.OK).call(0, history.FRaise, 200, 210, history.OK).call(1, history.FAwait, 250, 20000, history.Info),
	},
	{
		"in only before the others came", "enter", Violation, "client 0 entered k",
		gates(2).op(opArgs{client: 0, f: history.FEnter, key: "k", inv: 10, ret: 100, outcome: history.OK, session: 1}).session(20, dead, 0, 1).
			call(1, history.FEnter, 50, 60, history.OK).call(2, history.FEnter, 50, 60, history.OK),
	},
	{
		"a request that was queued is sent in the next session", "enter", Valid, "",
		gates(2).session(1, history.FConnected, 1, 2).session(12, history.FDisconnected, 1, 2).call(1, history.FEnter, 10, 15, history.Info).session(18, dead, 1, 2).
			session(20, history.FConnected, 1, 9).call(0, history.FEnter, 30, 40, history.OK),
	},
	{
		"a request that was sent dies with its session", "enter", Violation, "at most 1 of 2 members",
		gates(2).session(1, history.FConnected, 1, 2).call(1, history.FEnter, 10, 15, history.Info).session(18, dead, 1, 2).
			session(20, history.FConnected, 1, 9).call(0, history.FEnter, 30, 40, history.OK),
	},
	{
		"one whose leave failed is inside again", "progress", Valid, "",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).call(0, history.FLeave, 30, 9000, history.Fail).call(1, history.FLeave, 30, 40, history.Fail),
	},
	{
		"refused at once after heal", "progress", Unknown, "was refused at once",
		lock().phases(0, 90, 100).session(1, history.FConnected, 0, 1).refused(0, 200, 201).keyFact(400, history.FFinal, "k", history.Final{}),
	},
	{
		"refused for ever", "progress", Violation, "was refused at once each time: deadlock",
		lock().phases(0, 90, 8000).session(1, history.FConnected, 0, 1).refused(0, 200, 201).refused(0, 4000, 4001).refused(0, 8100, 8101).keyFact(8400, history.FFinal, "k", history.Final{}),
	},
	{
		"refused once, and then served", "progress", Valid, "",
		lock().phases(0, 90, 100).session(1, history.FConnected, 0, 1).refused(0, 200, 201).hold(grant{client: 0, inv: 210, ret: 220, release: 230}).
			keyFact(400, history.FFinal, "k", history.Final{}),
	},
	{
		"somebody else leads than every view shows", "who-leads", Violation, "though client 1 led k",
		election().call(2, history.FAcquire, 1, 100, history.Info).hold(grant{client: 1, inv: 10, ret: 20, release: 80, token: 1}).
			op(opArgs{client: 0, f: history.FLeader, key: "k", inv: 40, ret: 42, outcome: history.OK, out: history.Leader{Client: 2}, session: 1, before: 30}),
	},
	{
		"nobody leads, by a view from before", "who-leads", Valid, "",
		election().hold(grant{client: 1, inv: 10, ret: 20, release: 80, token: 1}).
			op(opArgs{client: 0, f: history.FLeader, key: "k", inv: 40, ret: 42, outcome: history.OK, out: history.Leader{Client: -1}, session: 1, before: 15}),
	},
	{
		"the next one leads, by a view from after", "who-leads", Valid, "",
		election().call(2, history.FAcquire, 1, 100, history.Info).hold(grant{client: 1, inv: 10, ret: 20, release: 41, token: 1}).
			op(opArgs{client: 0, f: history.FLeader, key: "k", inv: 40, ret: 42, outcome: history.OK, out: history.Leader{Client: 2}, session: 1, before: 30}),
	},
	{
		"somebody leads who stands only later", "who-leads", Violation, "had never been a candidate",
		election().call(2, history.FAcquire, 40, 50, history.OK).op(opArgs{client: 1, f: history.FLeader, key: "k", inv: 30, ret: 31, outcome: history.OK, out: history.Leader{Client: 2}}),
	},
}

func TestProperties(t *testing.T) { decideAll(t, scenarios) }

// decideAll wants each scenario to be decided as it says.
func decideAll(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.property+"/"+strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			h := s.record.build()
			f := decideOne(t, h, s.property, s.record.txns)
			got := f.result
			if got == "" {
				got = Valid
			}
			if got != s.want || !strings.Contains(f.reason, s.says) {
				t.Fatalf("%s is %s (%s), want %s (…%s…)\n%s", s.property, got, f.reason, s.want, s.says, dump(h))
			}
			if got != Violation {
				return
			}
			t.Log(f.reason)
			if len(f.witness) == 0 {
				t.Fatal("no witness")
			}
			// The witness shows the violation by itself.
			sub := only(h, f.witness)
			if s.property == "log" || f.byLog {
				return // whether the log can be read as the operations, all of them tell
			}
			if again := decideOne(t, sub, s.property, s.record.txns); again.result != Violation {
				t.Errorf("the witness %v alone is %q (%s)\n%s", f.witness, again.result, again.reason, dump(sub))
			}
		})
	}
}

// TestEveryPropertyIsPlanted says that each property has a defect that it
// catches and something odd that it lets pass.
func TestEveryPropertyIsPlanted(t *testing.T) {
	for _, model := range recipeModels() {
		for _, p := range models[model].properties {
			seen := map[Result]bool{}
			for _, s := range slices.Concat(scenarios, logScenarios) {
				if s.property == p.name && s.record.header.Model == model || model == history.ModelElection && s.record.header.Model == history.ModelLock && s.property == p.name {
					seen[s.want] = true
				}
			}
			if !seen[Violation] || !seen[Valid] {
				t.Errorf("%s of %s has no scenario of a violation, or none that passes", p.name, model)
			}
		}
	}
}

// decideOne is what a property says of a history of one key.
func decideOne(t *testing.T, h *history.History, name string, txns []history.Txn) finding {
	t.Helper()
	a := analyse(t.Context(), h, h.Header.Model, txns)
	for _, p := range models[h.Header.Model].properties {
		if p.name != name {
			continue
		}
		if p.applies != nil && !p.applies(a) {
			t.Fatalf("%s does not apply", name)
		}
		if len(a.keys) != 1 {
			t.Fatalf("%d keys", len(a.keys))
		}
		f := p.decide(t.Context(), a, a.keys[0])
		if p.whole != nil && f.result == "" {
			f = p.whole(a)
		}
		if len(a.damage) > 0 {
			t.Fatal(a.damage)
		}
		return f
	}
	t.Fatalf("no property %s", name)
	return finding{}
}
