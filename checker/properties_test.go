package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/servers"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// scenario is a small history, and what one property says about it. Each violation is a
// deliberate defect. Each scenario that is not flagged is something that a correct
// recipe may do, although it looks wrong.
type scenario struct {
	name     string
	property string
	want     Result
	says     string // part of the reason
	record   *checktest.Record
}

// putAndEmpty returns a record of an item of client 0 and an empty answer to client 1, with what
// their sessions had seen.
func putAndEmpty(put, take history.ID) *checktest.Record {
	return withSeen(checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "", history.OK), objects.FEnqueue, put, objects.FDequeue, take)
}

// withSeen sets what sessions had seen when a call of one kind returned, and when a call of another
// kind began.
func withSeen(r *checktest.Record, returned string, then history.ID, began string, by history.ID) *checktest.Record {
	for i := range r.Events {
		switch e := &r.Events[i]; {
		case e.F == returned && e.Type == history.OK:
			e.Seen = then
		case e.F == began && e.Type == history.Invoke:
			e.Seen = by
		}
	}
	return r
}

// shortWaits returns a record of attempts that each end before a recipe could have
// answered.
func shortWaits() *checktest.Record {
	r := checktest.Lock().Phases(0, 100, 200)
	for i := range 20 {
		r.Call(0, objects.FAcquire, 300+600*i, 800+600*i, history.Info)
	}
	return r.KeyFact(20000, history.FFinal, "k", objects.Final{})
}

// bound is the bound B of these scenarios: 4 s, two ticks of 500 ms, and 2 s.
const bound = 7000

const (
	expired = history.FExpired
	dead    = history.FDead
)

var scenarios = []scenario{
	// Exclusive holds.
	{
		"two holders", "exclusion", Violation, "client 1 was granted k at 0.030 s with token 0x2 while client 0 held it from 0.020 s until at least 0.050 s",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60, Token: 2}),
	},
	{
		"release and grant at one moment", "exclusion", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 50, Release: 60, Token: 2}),
	},
	{
		"granted before the unknown release returned", "exclusion", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1, Outcome: history.Info}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 52, Release: 60, Token: 2}),
	},
	{
		"a failed release releases nothing", "exclusion", Violation, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1, Outcome: history.Fail, Alive: 90}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 60, Release: 80, Token: 2}),
	},
	{
		"the holder's session may be dead", "exclusion", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 900, Token: 1, Alive: 25, Outcome: history.Info}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60, Token: 2}),
	},
	{
		"the holder's session was alive", "exclusion", Violation, "until at least 0.031 s",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 900, Token: 1, Alive: 31}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60, Token: 2}),
	},
	{
		"a grant learned of after the session died, and after the successor's", "exclusion", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 60, Release: 100, Token: 1, Alive: 15, Outcome: history.Fail}).Session(22, dead, 0, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 90, Token: 2}),
	},
	{
		"a grant made wholly inside another's hold", "exclusion", Violation, "all of it while client 1 held it",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 40, Ret: 60, Release: 100, Token: 1, Alive: 41, Outcome: history.Fail}).Session(50, dead, 0, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 90, Token: 2}),
	},
	{
		"a grant on a session that was dead before the call", "exclusion", Violation, "on a session that was dead by 0.022 s",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 40, Ret: 60, Release: 100, Token: 1, Alive: 15, Outcome: history.Fail}).Session(22, dead, 0, 1),
	},
	{
		"a re-entrant answer from memory, owned by the dead session", "exclusion", Violation, "on a session that was dead by",
		checktest.Lock().Proof(0, 1, 5).Session(22, dead, 0, 1).Proof(0, 9, 30).Hold(checktest.Grant{Client: 0, Inv: 40, Ret: 60, Release: 70, Token: 1, Session: 1, Was: 9, Alive: 5}),
	},
	{
		"a new session during the call: the old one may own it", "exclusion", Valid, "",
		checktest.Lock().Proof(0, 1, 5).Proof(0, 9, 30).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 60, Release: 70, Token: 1, Session: 9, Was: 1, Alive: 68}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 65, Release: 67, Token: 2}),
	},
	{
		"the recipe gave the znode up before the worker noticed", "exclusion", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Unheld: true, Token: 1, Alive: 95}).Confirm(0, 25, true, 1, 1).Lost(80, 0, 1, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 100, Token: 2}),
	},
	{
		"it was confirmed after the other's grant", "exclusion", Violation, "until at least 0.045 s",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Unheld: true, Token: 1, Alive: 95}).Confirm(0, 45, true, 1, 1).Lost(80, 0, 1, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 100, Token: 2}),
	},
	{
		"leads for ever after its own expiry", "exclusion", Violation, "client 0 held it",
		checktest.Election().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Proof(0, 9, 3000).Confirm(0, 1200, true, 1, 9).
			Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 1500, Release: 2000, Token: 2}),
	},
	{
		"confirms shortly after it was told", "exclusion", Valid, "",
		checktest.Election().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Proof(0, 9, 3000).Confirm(0, 900, true, 1, 9).
			Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 700, Release: 2000, Token: 2}),
	},
	{
		"a session that lived after its death", "exclusion", Unknown, "contradicts itself",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1}).Session(30, dead, 0, 1),
	},
	{
		"without sessions holds end at releases", "exclusion", Violation, "",
		checktest.Foreign(objects.Lock.Name).Op(checktest.Args{Client: 0, F: objects.FAcquire, Key: "k", Inv: 1, Ret: 2, Outcome: history.OK}).Op(checktest.Args{Client: 1, F: objects.FAcquire, Key: "k", Inv: 3, Ret: 4, Outcome: history.OK}),
	},
	{
		"without sessions, one after the other", "exclusion", Valid, "",
		checktest.Foreign(objects.Lock.Name).Op(checktest.Args{Client: 0, F: objects.FAcquire, Key: "k", Inv: 1, Ret: 2, Outcome: history.OK}).Op(checktest.Args{Client: 0, F: objects.FRelease, Key: "k", Inv: 3, Ret: -1}).
			Op(checktest.Args{Client: 1, F: objects.FAcquire, Key: "k", Inv: 3, Ret: 4, Outcome: history.OK}),
	},
	{
		"our own run without sessions proves nothing", "exclusion", Valid, "",
		checktest.Lock().Op(checktest.Args{Client: 0, F: objects.FAcquire, Key: "k", Inv: 1, Ret: 2, Outcome: history.OK}).Op(checktest.Args{Client: 1, F: objects.FAcquire, Key: "k", Inv: 3, Ret: 4, Outcome: history.OK}),
	},

	{
		"says yes while the loss is being told", "tokens", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 21}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 60, Token: 2}).
			Confirm(0, 50, true, 1, 1).Confirm(0, 70, true, 1, 1).Lost(71, 0, 1, 1),
	},
	{
		"says yes after the loss was told", "tokens", Violation, "lower token 0x1 was in force",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 21}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 60, Token: 2}).
			Confirm(0, 50, true, 1, 1).Lost(69, 0, 1, 1).Confirm(0, 70, true, 1, 1),
	},
	{
		"tokens that start again", "tokens", Violation, "lower token 0x1 was in force",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 2}).Hold(checktest.Grant{Client: 1, Inv: 40, Ret: 50, Release: 60, Token: 1}),
	},
	{
		"tokens beyond 63 bits", "tokens", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1<<63 - 1}).Hold(checktest.Grant{Client: 1, Inv: 40, Ret: 50, Release: 60, Token: -1 << 63}),
	},
	{
		"a lower token behind one beyond 63 bits", "tokens", Violation, "lower token 0x7 was in force",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: -1}).Hold(checktest.Grant{Client: 1, Inv: 40, Ret: 50, Release: 60, Token: 7}),
	},
	{
		"a stale write below one beyond 63 bits", "fencing", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1}).Write(0, 22, 1, true, 1).Hold(checktest.Grant{Client: 1, Inv: 35, Ret: 40, Release: 60, Token: -5}).Write(1, 50, -5, true, 2),
	},
	{
		"one token for two", "tokens", Violation, "the same token 0x7",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 7}).Hold(checktest.Grant{Client: 1, Inv: 40, Ret: 50, Release: 60, Token: 7}),
	},
	{
		"a floating grant that returned after its successor", "tokens", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 60, Release: 100, Token: 1, Alive: 15, Outcome: history.Fail}).Session(22, dead, 0, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 90, Token: 2}),
	},
	{
		"a latch that regained its leadership", "tokens", Valid, "",
		checktest.Election().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 3, Alive: 90}).Confirm(0, 30, false, 3, 1).Confirm(0, 50, true, 3, 1).Confirm(0, 60, true, 3, 1),
	},

	{
		"the holder's write was refused", "fencing", Violation, "yet its write at 0.050 s was refused, after a write of client 0 with token 0x2",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 2}).Write(0, 22, 2, true, 1).Hold(checktest.Grant{Client: 1, Inv: 35, Ret: 40, Release: 60, Token: 1}).Write(1, 50, 1, false, 2),
	},
	{
		"a stale write was accepted after the new one's", "fencing", Violation, "was accepted after that of client 1",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 100, Token: 1, Alive: 20}).Write(0, 50, 1, true, 2).Hold(checktest.Grant{Client: 1, Inv: 25, Ret: 40, Release: 60, Token: 2}).Write(1, 45, 2, true, 1),
	},
	{
		"a stale write before the new one's, another after it", "fencing", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 100, Token: 1, Alive: 20}).Write(0, 42, 1, true, 1).Hold(checktest.Grant{Client: 1, Inv: 25, Ret: 40, Release: 60, Token: 2}).Write(1, 45, 2, true, 2).Write(0, 50, 1, false, 3),
	},

	{
		"says it holds long after it was told", "lost", Violation, "said at 1.600 s that it still holds",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Confirm(0, 1600, true, 1, 9),
	},
	{
		"releases as held long after it was told", "lost", Violation, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 1600, Token: 1, Alive: 25}).Session(100, expired, 0, 1),
	},
	{
		"never says that the hold is lost", "lost", Violation, "was not reported lost",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Fact(5000, history.FEnd, nil),
	},
	{
		"says so too late", "lost", Violation, "only at 3.000 s",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Lost(3000, 0, 1, 1),
	},
	{
		"says so in time", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Confirm(0, 600, true, 1, 9).Lost(900, 0, 1, 1).Fact(9000, history.FEnd, nil),
	},
	{
		"asked late, the hold is known to be lost", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 3000, Unheld: true, Token: 1, Alive: 25}).Session(100, expired, 0, 1),
	},
	{
		"released before it was told", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Fact(9000, history.FEnd, nil),
	},
	{ // from the first release on, it is not checked whether the subject reports the loss
		"its release failed before it was told", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Outcome: history.Fail, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Fact(9000, history.FEnd, nil),
	},
	{
		"takes the key again from memory", "lost", Violation, "said at 2.005 s that it still holds",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Outcome: history.Info, Token: 1, Alive: 25}).Session(40, expired, 0, 1).
			Hold(checktest.Grant{Client: 0, Inv: 2000, Ret: 2001, Release: 2020, Token: 1, Session: 9}).Confirm(0, 2005, true, 1, 9),
	},
	{
		"takes the key again rightly", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Unheld: true, Token: 1, Alive: 25}).Session(40, expired, 0, 1).
			Hold(checktest.Grant{Client: 0, Inv: 2000, Ret: 2001, Release: 2020, Token: 2, Session: 9}).Confirm(0, 2005, true, 2, 9),
	},
	{
		"won again under another token", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Lost(200, 0, 1, 1).Confirm(0, 3000, true, 5, 9),
	},
	{
		"late only because the harness was held up", "lost", Unknown, "the harness itself was held up",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Fact(1200, history.FStall, history.Stall{Gap: 900 * checktest.Unit}).Lost(1500, 0, 1, 1),
	},

	{
		"two believers", "belief", Violation, "for 0.030 s",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 21}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 70, Token: 2}),
	},
	{
		"one believer after the other", "belief", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 70, Token: 2}),
	},
	{
		"the loss was told before the other's grant", "belief", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Unheld: true, Token: 1, Alive: 25}).Lost(28, 0, 1, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 70, Token: 2}),
	},

	{
		"an idle lock", "progress", Violation, "no client held it",
		checktest.Lock().Phases(0, 100, 200).Call(0, objects.FAcquire, 300, 300+bound+200, history.Info).KeyFact(9000, history.FFinal, "k", objects.Final{}),
	},
	{
		"an idle lock that many try in vain", "progress", Violation, "",
		checktest.Lock().Phases(0, 100, 200).Call(0, objects.FAcquire, 300, 4300, history.Info).Call(0, objects.FAcquire, 4400, 8400, history.Info).KeyFact(9000, history.FFinal, "k", objects.Final{}),
	},
	{
		"the wait was before heal", "progress", Valid, "",
		checktest.Lock().Phases(0, 100, 9000).Fact(50, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).Call(0, objects.FAcquire, 300, 10000, history.Fail).KeyFact(10001, history.FFinal, "k", objects.Final{}),
	},
	{
		"the waiter was not connected", "progress", Valid, "",
		checktest.Lock().Phases(0, 100, 200).Session(1, history.FConnected, 0, 1).Session(4000, history.FDisconnected, 0, 1).Call(0, objects.FAcquire, 300, 9000, history.Fail).KeyFact(9500, history.FFinal, "k", objects.Final{}),
	},
	{
		"somebody held it all the time", "progress", Valid, "",
		checktest.Lock().Phases(0, 100, 200).Hold(checktest.Grant{Client: 1, Inv: 210, Ret: 220, Release: 9000, Token: 1}).Call(0, objects.FAcquire, 300, 9000, history.Fail).KeyFact(9500, history.FFinal, "k", objects.Final{}),
	},
	{
		"idle, but the harness was held up", "progress", Unknown, "held up",
		checktest.Lock().Phases(0, 100, 200).Fact(3000, history.FStall, history.Stall{Gap: 400 * checktest.Unit}).Call(0, objects.FAcquire, 300, 300+bound+200, history.Fail).KeyFact(9000, history.FFinal, "k", objects.Final{}),
	},
	{
		"a call that does not return", "returns", Violation, "client 0 called acquire of k at 0.300 s, and the call had not returned at 9.500 s, although its context had ended at 1.300 s: the client was connected to healthy servers for 8.200 s of that time, and 7.000 s are allowed",
		checktest.Lock().Phases(0, 100, 200).Unreturned(0, 300, 1300, 9500),
	},
	{
		"a call that may still return", "returns", Unknown, "and 7.000 s are allowed",
		checktest.Lock().Phases(0, 100, 200).Unreturned(0, 300, 1300, 1300+bound-100),
	},
	{
		"a call that waits for its session", "returns", Unknown, "the client was connected to healthy servers for 0.900 s of that time",
		checktest.Lock().Phases(0, 100, 200).Session(10, history.FConnected, 0, 1).Session(2200, history.FDisconnected, 0, 1).Unreturned(0, 300, 1300, 9500),
	},
	{
		"a call that did not return while the harness was held up", "returns", Unknown, "the harness itself was held up",
		checktest.Lock().Phases(0, 100, 200).Fact(3000, history.FStall, history.Stall{Gap: 400 * checktest.Unit}).Unreturned(0, 300, 1300, 1300+bound+200),
	},
	{
		"a call that did not return, on servers that were not healthy", "returns", Unknown, "no moment from which on",
		checktest.Lock().Phases(0, 100, 200).Fact(250, history.FHealth, history.Health{When: "after"}).Unreturned(0, 300, 1300, 9500),
	},
	{
		"a contender left behind", "progress", Violation, "still stood in line",
		checktest.Lock().Phases(0, 100, 200).Call(0, objects.FAcquire, 300, 400, history.Info).KeyFact(400+bound+100, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000001", Owner: 1}}}),
	},
	{
		"it may still be deleting it", "progress", Unknown, "still stood in line",
		checktest.Lock().Phases(0, 100, 200).Call(0, objects.FAcquire, 300, 400, history.Info).KeyFact(400+bound-100, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000001", Owner: 1}}}),
	},
	{
		"those in line still want", "progress", Valid, "",
		checktest.Lock().Phases(0, 100, 200).Hold(checktest.Grant{Client: 0, Inv: 300, Ret: 400, Release: -1, Token: 1}).Op(checktest.Args{Client: 1, F: objects.FAcquire, Key: "k", Inv: 500, Ret: -1, Session: 2}).
			KeyFact(20000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000001", Owner: 1}, {Name: "n-0000000002", Owner: 2}, {Name: "foreign", Owner: 0}}}),
	},
	{
		"no list from the end", "progress", Unknown, "no list of contenders",
		checktest.Lock().Phases(0, 100, 200).Call(0, objects.FAcquire, 300, 400, history.Fail),
	},

	{
		"somebody leads who never stood", "who-leads", Violation, "had never been a candidate",
		checktest.Election().Call(0, objects.FAcquire, 10, 20, history.OK).Op(checktest.Args{Client: 1, F: objects.FLeader, Key: "k", Inv: 30, Ret: 31, Outcome: history.OK, Out: objects.Leader{Client: 2}}),
	},
	{
		"a stale and an empty answer", "who-leads", Valid, "",
		checktest.Election().Phases(0, 1, 2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 40, Release: -1, Token: 2}).
			Op(checktest.Args{Client: 2, F: objects.FLeader, Key: "k", Inv: 3000, Ret: 3001, Outcome: history.OK, Out: objects.Leader{Client: 0}}).
			Op(checktest.Args{Client: 2, F: objects.FLeader, Key: "k", Inv: 3010, Ret: 3011, Outcome: history.OK, Out: objects.Leader{Client: -1}}).
			KeyFact(20000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000002", Owner: 2}}}),
	},
	{
		"a stale answer long after", "who-leads", Violation, "though client 1 led k",
		checktest.Election().Phases(0, 1, 2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 40, Release: -1, Token: 2}).
			Op(checktest.Args{Client: 2, F: objects.FLeader, Key: "k", Inv: 40 + bound + 10, Ret: 40 + bound + 20, Outcome: history.OK, Out: objects.Leader{Client: 0}}).
			KeyFact(20000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000002", Owner: 2}}}),
	},

	{
		"leads under a term that it gave up", "states", Violation, "a term that had ended",
		checktest.Election().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 30, Token: 1, Alive: 90}).Confirm(0, 60, true, 1, 1),
	},
	{
		"regained after a doubt", "states", Valid, "",
		checktest.Election().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 3, Alive: 90}).Confirm(0, 30, false, 3, 1).Confirm(0, 50, true, 3, 1),
	},

	// Queues.
	{
		"taken twice", "integrity", Violation, "taken twice",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "a", history.OK).Take(2, 3, 5, "a", history.OK),
	},
	{"taken, but never put in", "integrity", Violation, "client had put in", checktest.Queue().Take(1, 3, 4, "a", history.OK)},
	{"taken, but its enqueue had failed", "integrity", Violation, "had failed", checktest.Queue().Put(0, 1, 2, "a", history.Fail).Take(1, 3, 4, "a", history.OK)},
	{"taken before it was put in", "integrity", Violation, "before client 0 put it in", checktest.Queue().Take(1, 3, 4, "a", history.OK).Put(0, 5, 6, "a", history.OK)},
	{"an enqueue with an unknown outcome came true", "integrity", Valid, "", checktest.Queue().Put(0, 1, 2, "a", history.Info).Take(1, 30, 40, "a", history.OK)},
	{"taken while it was being put in", "integrity", Valid, "", checktest.Queue().Put(0, 1, 9, "a", history.OK).Take(1, 3, 4, "a", history.OK)},
	{"items that are not unique", "integrity", Unknown, "enqueued twice", checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(1, 1, 2, "a", history.OK)},

	{
		"out of order", "order", Violation, `item "a" went into k by 0.002 s, before "b"`,
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(0, 3, 4, "b", history.OK).Take(1, 5, 6, "b", history.OK).Take(1, 7, 8, "a", history.OK),
	},
	{
		"put in at one time", "order", Valid, "",
		checktest.Queue().Put(0, 1, 3, "a", history.OK).Put(1, 3, 4, "b", history.OK).Take(1, 5, 6, "b", history.OK).Take(1, 7, 8, "a", history.OK),
	},
	{
		"put in nobody knows when", "order", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.Info).Put(1, 3, 4, "b", history.OK).Take(1, 5, 6, "b", history.OK).Take(1, 7, 8, "a", history.OK),
	},
	{
		"taken at one time", "order", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(0, 3, 4, "b", history.OK).Take(1, 5, 7, "b", history.OK).Take(2, 6, 8, "a", history.OK),
	},

	{
		"lost", "loss", Violation, "the queue was empty at 0.020 s",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"lost, as a later one shows", "loss", Violation, `"b", put in after it, came out`,
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(0, 3, 4, "b", history.OK).Take(1, 5, 6, "b", history.OK),
	},
	{
		"two lost, one unknown dequeue", "loss", Violation, "2 items",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(0, 3, 4, "b", history.OK).Take(1, 5, 6, "", history.Info).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"lost before the unknown dequeue began", "loss", Violation, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(0, 3, 4, "b", history.OK).Take(1, 5, 6, "b", history.OK).Take(1, 7, 9, "", history.Info).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"taken by an unknown dequeue", "loss", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 5, 6, "", history.Info).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an unknown enqueue never came", "loss", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.Info).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{"not drained", "loss", Unknown, "was not drained", checktest.Queue().Put(0, 1, 2, "a", history.OK)},
	{
		"not drained in time", "loss", Unknown, "the drain left 1 item in the queue",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).KeyFact(20, history.FDrained, "k", objects.Drained{Left: 1}),
	},
	{"not drained, but everything came out", "loss", Valid, "", checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "a", history.OK)},

	{"its own item not seen", "empty", Violation, "its own item", checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(0, 3, 4, "", history.OK).Take(1, 5, 6, "a", history.OK)},
	{
		"its own item not seen, of a record that says so with an item of no length", "empty", Violation, "its own item",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Op(checktest.Args{Client: 0, F: objects.FDequeue, Key: "k", Inv: 3, Ret: 4, Outcome: history.OK, Out: objects.Item{}, Session: 1}).Take(1, 5, 6, "a", history.OK),
	},
	{"another's item not seen", "empty", Valid, "", checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "", history.OK)},
	{"another's item that its session had been told of", "empty", Violation, `though client 0's item "a" was in it since 0.002 s, which its session had seen by 0x5, and no client`, putAndEmpty(5, 5)},
	{"another's item put in behind what its session had been told", "empty", Valid, "", putAndEmpty(5, 4)},
	{"another's item of which its link had seen, and the client had not", "empty", Valid, "", putAndEmpty(5, 5).Missed(2, 1, 2, 1, 5, 4)},
	{"another's item that it had been told of may have been taken", "empty", Valid, "", putAndEmpty(5, 5).Take(2, 2, 9, "a", history.OK)},
	{
		"its own item may have been taken", "empty", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 1, 9, "a", history.OK).Take(0, 3, 4, "", history.OK),
	},
	{
		"its own item may have been taken by nobody knows whom", "empty", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 1, 2, "", history.Info).Take(0, 3, 4, "", history.OK),
	},
	{"its own item, in a session beside its connection", "empty", Violation, "its own item", checktest.Queue().Connected(0, 0, 1).Connected(0, 0, 9).Put(0, 1, 2, "a", history.OK).Used(9).Take(0, 3, 4, "", history.OK).Take(1, 5, 6, "a", history.OK)},
	{"its own item, of a process that uses two sessions", "empty", Valid, "", checktest.Queue().Connected(0, 0, 8).Connected(0, 0, 9).Connected(0, 0, 1).Put(0, 1, 2, "a", history.OK).Used(9).Take(0, 3, 4, "", history.OK).Used(8).Take(1, 5, 6, "a", history.OK)},
	{
		"its own item of another session", "empty", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Op(checktest.Args{Client: 0, F: objects.FDequeue, Key: "k", Inv: 3, Ret: 4, Outcome: history.OK, Session: 77}),
	},

	{
		"a waiting consumer and an item", "progress", Violation, `while item "a" was in it`,
		checktest.Queue().Phases(0, 1, 2).Put(0, 10, 20, "a", history.OK).Take(1, 30, 30+bound+100, "", history.Fail).Take(2, 9000, 9001, "a", history.OK),
	},
	{
		"a consumer that asks again and again", "progress", Violation, "",
		checktest.Queue().Phases(0, 1, 2).Put(0, 10, 20, "a", history.OK).Take(1, 30, 4000, "", history.Fail).Take(1, 4010, 8000, "", history.Fail).Take(2, 9000, 9001, "a", history.OK),
	},
	{
		"a consumer that got others", "progress", Valid, "",
		checktest.Queue().Phases(0, 1, 2).Put(0, 10, 20, "a", history.OK).Put(1, 10, 21, "b", history.OK).Take(1, 30, 4000, "b", history.OK).Take(1, 4010, 8000, "", history.Fail).Take(2, 9000, 9001, "a", history.OK),
	},
	{
		"what the drain could not get out", "progress", Violation, "an item that the drain did not get out was in it",
		checktest.Queue().Phases(0, 1, 2).Put(0, 10, 20, "a", history.OK).Take(2, 22, 25, "", history.Info).Take(1, 30, 30+bound+100, "", history.Info).KeyFact(9000, history.FDrained, "k", objects.Drained{Left: 1}),
	},
	{
		"what is left may have come late", "progress", Valid, "",
		checktest.Queue().Phases(0, 1, 2).Put(0, 10, 20, "a", history.Info).Take(1, 30, 30+bound+100, "", history.Info).KeyFact(9000, history.FDrained, "k", objects.Drained{Left: 1}),
	},
	{
		"an unknown dequeue may have taken the item", "progress", Valid, "",
		checktest.Queue().Phases(0, 1, 2).Put(0, 10, 20, "a", history.OK).Take(2, 22, 25, "", history.Info).Take(1, 30, 30+bound+100, "", history.Fail),
	},

	// Barriers.
	{
		"passed though its session had seen the raise", "early", Violation, "passed at 0.030 s",
		withSeen(checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 50, 55, history.OK).Wait(1, 25, 30, 5, 2), objects.FRaise, 0x20, objects.FAwait, 0x20),
	},
	{
		"its session had not seen the raise", "early", Valid, "",
		withSeen(checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 50, 55, history.OK).Wait(1, 25, 30, 5, 2), objects.FRaise, 0x20, objects.FAwait, 0x1f),
	},
	{
		"passed at a server that is behind an answer that its client never got", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Missed(35, 1, 2, 30, 9, 5).Wait(1, 40, 50, 30, 2).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed while it was up", "early", Violation, "raised by 0.020 s and not lifted before 0.100 s",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 50, 30, 2).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed, though the lift had failed", "early", Violation, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 22, 25, history.Fail).Wait(1, 40, 50, 30, 2),
	},
	{
		"passed by a view from before the raise", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 50, 15, 2).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed in a new session on a server that lags", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 50, 30, 9).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed when its session ended, without a new one", "early", Violation, "passed at 0.050 s, though the barrier was raised by 0.020 s",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 50, 30, 0).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed between two sessions, of which its client knew the new one no more", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Session(45, history.FConnected, 1, 9).Wait(1, 40, 50, 30, 0).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed when its session ended, and got a new one later", "early", Violation, "passed at 0.050 s",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 50, 30, 0).Session(60, history.FConnected, 1, 9).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed when its session ended, after a look at a server that lagged", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 50, 15, 0).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"passed without a session when it asked", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Op(checktest.Args{Client: 1, F: objects.FAwait, Key: "k", Inv: 40, Ret: 50, Outcome: history.OK, Before: 30}).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"nobody knows whether it was up", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.Info).Wait(1, 40, 50, 30, 2).Call(0, objects.FLift, 100, 110, history.OK),
	},
	{
		"an unknown lift came true late", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 22, 25, history.Info).Wait(1, 40, 50, 30, 2),
	},
	{
		"passed during the lift", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 10, 20, history.OK).Wait(1, 40, 100, 30, 2).Call(0, objects.FLift, 100, 110, history.OK),
	},

	{
		"left behind", "late", Violation, "still waited at k",
		checktest.Barrier().Phases(0, 1, 2).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 110+bound+50, history.Info),
	},
	{
		"slow, but within the bound", "late", Valid, "",
		checktest.Barrier().Phases(0, 1, 2).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 110+bound-50, history.OK),
	},
	{
		"waited before heal", "late", Valid, "",
		checktest.Barrier().Phases(0, 9000, 9500).Fact(5, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 10000, history.OK),
	},
	{
		"the waiter was cut off", "late", Valid, "",
		checktest.Barrier().Phases(0, 1, 2).Session(1, history.FConnected, 1, 2).Session(3000, history.FDisconnected, 1, 2).Session(6000, history.FConnected, 1, 2).
			Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 9000, history.OK),
	},
	{
		"the lift did not succeed", "late", Valid, "",
		checktest.Barrier().Phases(0, 1, 2).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.Info).Call(1, objects.FAwait, 40, 20000, history.Info),
	},

	{
		"left behind since a fault, and gave up before quiesce", "late", Violation, "client 1 still waited at k",
		checktest.Paused(checktest.Barrier().Phases(0, 15000, 15001), 500, 5000).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 14000, history.Info),
	},
	{
		"waited for as long as a fault lasted", "late", Valid, "",
		checktest.Paused(checktest.Barrier().Phases(0, 15000, 15001), 500, 13000).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 14000, history.Info),
	},
	{
		"waited through a fault that nobody saw end", "late", Valid, "",
		checktest.Barrier().Phases(0, 15000, 15001).Fact(500, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 14000, history.Info),
	},
	{
		"all wait to get out after a fault, and give up before quiesce", "progress", Violation, "waited to leave k",
		checktest.Paused(checktest.DoubleBarrier(2).Phases(0, 15000, 15001), 500, 5000).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 100, 14000, history.Info).Call(1, objects.FLeave, 110, 14000, history.Info),
	},

	// Double barriers.
	{
		"a lone client enters", "enter", Violation, "at most 1 of 2 members",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK),
	},
	{
		"the dead are counted", "enter", Violation, "at most 1 of 2 members",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 100, history.OK).Op(checktest.Args{Client: 1, F: objects.FEnter, Key: "k", Inv: 1, Ret: -1, Session: 2}).Session(8, dead, 1, 2),
	},
	{
		"one who timed out is counted", "enter", Violation, "",
		checktest.DoubleBarrier(2).Call(1, objects.FEnter, 1, 8, history.Fail).Call(0, objects.FEnter, 10, 20, history.OK),
	},
	{
		"one who tried twice is counted once", "enter", Violation, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 1, 5, history.Info).Call(0, objects.FEnter, 10, 20, history.OK),
	},
	{
		"told too early, it tries again beside its own old znode", "enter", Valid, "",
		checktest.DoubleBarrier(3).Op(checktest.Args{Client: 0, F: objects.FEnter, Key: "k", Inv: 10, Ret: 15, Outcome: history.Info, Session: 1}).Session(14, history.FExpired, 0, 1).
			Op(checktest.Args{Client: 0, F: objects.FEnter, Key: "k", Inv: 900, Ret: 910, Outcome: history.OK, Session: 9}).Call(1, objects.FEnter, 890, 910, history.OK),
	},
	{
		"all came", "enter", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 15, 30, history.OK),
	},
	{
		"a slow member passes when others have gone again", "enter", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 200, history.OK).Call(1, objects.FEnter, 15, 30, history.OK).Session(90, dead, 1, 2),
	},
	{
		"one whose call came to nothing may have been there", "enter", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 40, history.OK).Call(1, objects.FEnter, 15, 30, history.Info),
	},

	{
		"left while another is inside", "leave", Violation, "while client 1 was inside",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 30, 40, history.OK).Call(1, objects.FLeave, 50, 60, history.OK),
	},
	{
		"left while a slow member is on its way in", "leave", Violation, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 45, history.OK).Call(0, objects.FLeave, 30, 40, history.OK).Proof(1, 2, 60),
	},
	{
		"the others had asked to leave", "leave", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 30, 40, history.OK).Call(1, objects.FLeave, 39, 60, history.OK),
	},
	{
		"the other had crashed", "leave", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 30, 40, history.OK),
	},
	{
		"the other gave up on its way in", "leave", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 25, history.Info).Proof(1, 2, 90).Call(0, objects.FLeave, 30, 40, history.OK),
	},

	{
		"all wait to get in", "progress", Violation, "2 live clients waited together to enter",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 9000, history.Fail).Call(1, objects.FEnter, 20, 9000, history.Fail),
	},
	{
		"all wait to get in, again and again", "progress", Violation, "2 live clients waited together to enter",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 5000, history.Info).Call(1, objects.FEnter, 20, 5000, history.Info).Call(0, objects.FEnter, 5020, 9000, history.Info).Call(1, objects.FEnter, 5030, 9000, history.Info),
	},
	{"one is missing", "progress", Valid, "", checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 9000, history.Fail)},
	{
		"all wait to get out", "progress", Violation, "waited to leave",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 30, 9000, history.Fail).Call(1, objects.FLeave, 40, 9000, history.Info),
	},
	{
		"the dead keep them in", "progress", Violation, "waited to leave",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Session(50, dead, 1, 2).Call(0, objects.FLeave, 30, 9000, history.OK),
	},
	{
		"they keep each other in, and one comes again", "progress", Violation, "waited to leave",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).
			Session(50, dead, 1, 2).Call(0, objects.FLeave, 30, 9000, history.Fail).Session(9050, history.FConnected, 1, 9).
			Op(checktest.Args{Client: 1, F: objects.FEnter, Key: "k", Inv: 9100, Ret: 9200, Outcome: history.Fail, Session: 9}),
	},
	{
		"one who does not want to leave keeps them in", "progress", Valid, "",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 30, 9000, history.Fail),
	},
	{
		"a failed release that found the hold lost", "exclusion", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Unheld: true, Outcome: history.Fail, Token: 1, Alive: 95}).Confirm(0, 25, true, 1, 1).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 100, Token: 2}),
	},
	{
		"an older sign of life comes later", "exclusion", Violation, "until at least 0.031 s",
		checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 900, Token: 1, Alive: 31}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60, Token: 2}).
			Add(70, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FDisconnected, Session: 1, Alive: 21 * checktest.Unit}),
	},
	{
		"known to be lost at once, reported late", "lost", Valid, "",
		checktest.Telling().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Confirm(0, 500, false, 1, 9).Lost(1300, 0, 1, 1).Fact(9000, history.FEnd, nil),
	},
	{"waits too short for an answer", "progress", Valid, "", shortWaits()},
	{
		"left behind before heal, which has just ended", "progress", Unknown, "still stood in line",
		checktest.Lock().Phases(0, 100, 9000).Fact(50, "pause", history.FaultStep{Fault: 1, Step: history.StepInject}).Call(0, objects.FAcquire, 10, 20, history.Info).
			KeyFact(9100, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000001", Owner: 1}}}),
	},
	{
		"left behind by an ensemble that never was healthy again", "late", Unknown, "no moment from which on",
		checktest.Barrier().Phases(0, 1, 2).Fact(3, history.FHealth, history.Health{When: "after"}).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(1, objects.FAwait, 40, 20000, history.Info),
	},
	{
		"the right answer, and that of one who had been cut off", "who-leads", Valid, "",
		checktest.Election().Phases(0, 1, 2).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 40, Release: -1, Token: 2}).
			Session(1, history.FConnected, 2, 3).Session(7000, history.FDisconnected, 2, 3).Session(7040, history.FConnected, 2, 3).
			Op(checktest.Args{Client: 0, F: objects.FLeader, Key: "k", Inv: 40 + bound + 10, Ret: 40 + bound + 20, Outcome: history.OK, Out: objects.Leader{Client: 1}}).
			Op(checktest.Args{Client: 2, F: objects.FLeader, Key: "k", Inv: 40 + bound + 10, Ret: 40 + bound + 20, Outcome: history.OK, Out: objects.Leader{Client: -1}}).
			KeyFact(20000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000002", Owner: 2}}}),
	},
	{
		"put in while the drain looked", "loss", Unknown, "was not drained",
		checktest.Queue().Put(0, 19, 25, "a", history.OK).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"its own item, but the session changed meanwhile", "empty", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Op(checktest.Args{Client: 0, F: objects.FDequeue, Key: "k", Inv: 3, Ret: 4, Outcome: history.OK, Session: 77, Was: 1}),
	},
	{
		"raised again", "late", Valid, "",
		checktest.Barrier().Phases(0, 1, 2).Call(0, objects.FRaise, 10, 20, history.OK).Call(0, objects.FLift, 100, 110, history.OK).Call(0, objects.FRaise, 200, 210, history.OK).Call(1, objects.FAwait, 250, 20000, history.Info),
	},
	{
		"in only before the others came", "enter", Violation, "client 0 entered k",
		checktest.DoubleBarrier(2).Op(checktest.Args{Client: 0, F: objects.FEnter, Key: "k", Inv: 10, Ret: 100, Outcome: history.OK, Session: 1}).Session(20, dead, 0, 1).
			Call(1, objects.FEnter, 50, 60, history.OK).Call(2, objects.FEnter, 50, 60, history.OK),
	},
	{
		"a request that was queued is sent in the next session", "enter", Valid, "",
		checktest.DoubleBarrier(2).Session(1, history.FConnected, 1, 2).Session(12, history.FDisconnected, 1, 2).Call(1, objects.FEnter, 10, 15, history.Info).Session(18, dead, 1, 2).
			Session(20, history.FConnected, 1, 9).Call(0, objects.FEnter, 30, 40, history.OK),
	},
	{
		"a request that was sent dies with its session", "enter", Violation, "at most 1 of 2 members",
		checktest.DoubleBarrier(2).Session(1, history.FConnected, 1, 2).Call(1, objects.FEnter, 10, 15, history.Info).Session(18, dead, 1, 2).
			Session(20, history.FConnected, 1, 9).Call(0, objects.FEnter, 30, 40, history.OK),
	},
	{
		"one whose leave failed is inside again", "progress", Valid, "",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Call(0, objects.FLeave, 30, 9000, history.Fail).Call(1, objects.FLeave, 30, 40, history.Fail),
	},
	{
		"refused at once after heal", "progress", Unknown, "was refused at once",
		checktest.Lock().Phases(0, 90, 100).Session(1, history.FConnected, 0, 1).Refused(0, 200, 201).KeyFact(400, history.FFinal, "k", objects.Final{}),
	},
	{
		"refused for ever", "progress", Violation, "was refused at once each time: deadlock",
		checktest.Lock().Phases(0, 90, 8000).Session(1, history.FConnected, 0, 1).Refused(0, 200, 201).Refused(0, 4000, 4001).Refused(0, 8100, 8101).KeyFact(8400, history.FFinal, "k", objects.Final{}),
	},
	{
		"refused once, and then served", "progress", Valid, "",
		checktest.Lock().Phases(0, 90, 100).Session(1, history.FConnected, 0, 1).Refused(0, 200, 201).Hold(checktest.Grant{Client: 0, Inv: 210, Ret: 220, Release: 230}).
			KeyFact(400, history.FFinal, "k", objects.Final{}),
	},
	{
		"somebody else leads than every view shows", "who-leads", Violation, "though client 1 led k",
		checktest.Election().Call(2, objects.FAcquire, 1, 100, history.Info).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 20, Release: 80, Token: 1}).
			Op(checktest.Args{Client: 0, F: objects.FLeader, Key: "k", Inv: 40, Ret: 42, Outcome: history.OK, Out: objects.Leader{Client: 2}, Session: 1, Before: 30}),
	},
	{
		"nobody leads, at a server behind an answer that its client never got", "who-leads", Valid, "",
		checktest.Election().Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 20, Release: 80, Token: 1}).Missed(35, 0, 1, 30, 9, 5).
			Op(checktest.Args{Client: 0, F: objects.FLeader, Key: "k", Inv: 40, Ret: 42, Outcome: history.OK, Out: objects.Leader{Client: -1}, Session: 1, Before: 30}),
	},
	{
		"nobody leads, by a view from before", "who-leads", Valid, "",
		checktest.Election().Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 20, Release: 80, Token: 1}).
			Op(checktest.Args{Client: 0, F: objects.FLeader, Key: "k", Inv: 40, Ret: 42, Outcome: history.OK, Out: objects.Leader{Client: -1}, Session: 1, Before: 15}),
	},
	{
		"the next one leads, by a view from after", "who-leads", Valid, "",
		checktest.Election().Call(2, objects.FAcquire, 1, 100, history.Info).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 20, Release: 41, Token: 1}).
			Op(checktest.Args{Client: 0, F: objects.FLeader, Key: "k", Inv: 40, Ret: 42, Outcome: history.OK, Out: objects.Leader{Client: 2}, Session: 1, Before: 30}),
	},
	{
		"somebody leads who stands only later", "who-leads", Violation, "had never been a candidate",
		checktest.Election().Call(2, objects.FAcquire, 40, 50, history.OK).Op(checktest.Args{Client: 1, F: objects.FLeader, Key: "k", Inv: 30, Ret: 31, Outcome: history.OK, Out: objects.Leader{Client: 2}}),
	},
}

func TestProperties(t *testing.T) { decideAll(t, scenarios) }

// decideAll requires that each scenario is decided as it says.
func decideAll(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.property+"/"+strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			h := s.record.Build()
			f := decideOne(t, h, s.property, s.record.Txns)
			got := f.Result
			if got == "" {
				got = Valid
			}
			if got != s.want || !strings.Contains(f.Reason, s.says) {
				t.Fatalf("%s is %s (%s), want %s (…%s…)\n%s", s.property, got, f.Reason, s.want, s.says, checktest.Dump(h))
			}
			if got != Violation {
				return
			}
			t.Log(f.Reason)
			if len(f.Counterexample) == 0 {
				t.Fatal("no counterexample")
			}
			// The counterexample shows the violation by itself.
			sub := checktest.Only(h, f.Counterexample)
			if s.property == "log" || f.ByLog || slices.ContainsFunc(servers.Properties, func(p *frame.Property) bool { return p.Name == s.property }) {
				return // all operations together show whether the log can be read as theirs, and servers are judged by the whole record
			}
			if again := decideOne(t, sub, s.property, s.record.Txns); again.Result != Violation {
				t.Errorf("the counterexample %v alone is %q (%s)\n%s", f.Counterexample, again.Result, again.Reason, checktest.Dump(sub))
			}
		})
	}
}

// TestEveryPropertyHasAMutant requires that each property catches some defect, and
// passes something odd that is allowed.
func TestEveryPropertyHasAMutant(t *testing.T) {
	for _, model := range recipeModels() {
		for _, p := range models[model].Properties {
			if p == frame.ServerAgreement || p == frame.NoPanic || p == frame.Returns || p == frame.Recovers || p == frame.OwnZnodes {
				continue // see TestServerAgreement, TestNoPanic, the scenarios of locks, TestRecovers and TestOwnZnodes
			}
			seen := map[Result]bool{}
			for _, s := range slices.Concat(scenarios, logScenarios, serverScenarios()) {
				if s.property == p.Name && slices.Contains(models[s.record.Header.Model].Properties, p) {
					seen[s.want] = true
				}
			}
			if !seen[Violation] || !seen[Valid] {
				t.Errorf("%s of %s has no scenario of a violation, or none that passes", p.Name, model)
			}
		}
	}
}

// decideOne returns a property's finding on a history of one key.
func decideOne(t *testing.T, h *history.History, name string, txns []history.Txn) frame.Finding {
	t.Helper()
	a := evidence.Read(t.Context(), h, models[h.Header.Model].Object, txns)
	for _, p := range models[h.Header.Model].Properties {
		if p.Name != name {
			continue
		}
		if p.Applies != nil && !p.Applies(a) {
			t.Fatalf("%s does not apply", name)
		}
		if len(a.Keys) != 1 {
			t.Fatalf("%d keys", len(a.Keys))
		}
		f := p.Decide(t.Context(), a.Keys[0])
		if p.Whole != nil && f.Result == "" {
			f = p.Whole(a)
		}
		if len(a.Damages()) > 0 {
			t.Fatal(a.Damages())
		}
		return f
	}
	t.Fatalf("no property %s", name)
	return frame.Finding{}
}
