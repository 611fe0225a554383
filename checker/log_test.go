package checker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// lined makes the log of two contenders. gone says whether the first one is gone before
// the answer to the second one's next request.
func lined(gone bool) *checktest.Record {
	r := checktest.Lock().Call(0, objects.FAcquire, 5, 100, history.Info).
		Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).
		Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(25, 1, 6, 22)
	r.Opens(1).Opens(2).Stands(1, 0).Stands(2, 1) // 1 to 4
	if gone {
		return r.Leaves(1, 1, 0).Touches(2)
	}
	return r.Touches(2).Touches(2).Leaves(1, 1, 0)
}

// holding makes n holds of two clients in turn, whose contenders are in the log.
func holding(n int) *checktest.Record {
	r := checktest.Lock().Opens(1).Opens(2).Saw(1, 0, 1, 1).Saw(1, 1, 2, 1)
	for i := range n {
		c := i % 2
		s := history.ID(c + 1)
		r.Stands(s, i)
		r.Hold(checktest.Grant{Client: c, Inv: 10 + 20*i, Ret: 12 + 20*i, Release: 18 + 20*i, Token: r.Zxid})
		r.Touches(s).Saw(14+20*i, c, r.Zxid-checktest.Epoch, 13+20*i)
		r.Leaves(s, s, i).Touches(s)
	}
	return r.Touches(1).Saw(20+20*n, 0, r.Zxid-checktest.Epoch, 15+20*n)
}

// queued makes n items that are put in and taken out, as the log shows.
func queued(n int) *checktest.Record {
	r := checktest.Queue().Opens(1).Opens(2).Opens(3).Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(1, 2, 3, 1)
	for i := range n {
		item := fmt.Sprint("x", i)
		r.Put(0, 10+20*i, 12+20*i, item, history.OK).Take(1, 14+20*i, 16+20*i, item, history.OK)
		r.Inserts(1, item).Removes(2, item)
	}
	return r
}

func raisedTwice() *checktest.Record {
	r := checktest.Barrier().Opens(1).Opens(2).Saw(1, 0, 1, 1).Saw(1, 1, 2, 1)
	return r.Call(0, objects.FRaise, 10, 20, history.OK).Raises(1).Touches(1).Saw(22, 0, 4, 21)
}

// liftedOften returns a record of a barrier that was lifted nine times, as the log
// shows, so that it is known how this subject lifts. The barrier is then raised.
func liftedOften() *checktest.Record {
	r, n, t := raisedTwice(), history.ID(4), 30
	for range 9 {
		r.Call(0, objects.FLift, t, t+2, history.OK).Lowers(1).Touches(1).Saw(t+3, 0, n+2, t+3)
		r.Call(0, objects.FRaise, t+10, t+12, history.OK).Raises(1).Touches(1).Saw(t+13, 0, n+4, t+13)
		n, t = n+4, t+20
	}
	return r
}

// releasedLate returns a record of a hold whose contender goes only after the next
// grant, since the release was not answered.
func releasedLate() *checktest.Record {
	return checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 5, Ret: 10, Release: 30, Outcome: history.Info, Token: checktest.Token(3)}).
		Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 50, Release: 70, Token: checktest.Token(4)}).
		Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(60, 1, 5, 55).Saw(65, 1, 7, 62).
		Opens(1).Opens(2).Stands(1, 0).Stands(2, 1).Touches(2).Leaves(1, 1, 0).Touches(2) // 1 to 7
}

// liftsUnseen is like liftedOften, but then the barrier is perhaps lifted: a client
// passes.
func liftsUnseen() *checktest.Record {
	return liftedOften().Call(0, objects.FLift, 300, 310, history.Info).Call(1, objects.FAwait, 311, 320, history.OK)
}

// provenByLog returns a record with proofs of life that only the log gives, for a
// session that, judged by the links, may have died long before.
func provenByLog() *checktest.Record {
	return checktest.Lock().Opens(1).Opens(2).Touches(2).Touches(1).Closes(1).Touches(2).Saw(1, 1, 2, 1)
}

// logScenarios lists scenarios in which the transaction log shows what the clocks do not.
var logScenarios = []scenario{
	{"granted before the one ahead is gone", "grant", Violation, "still ahead of it", lined(false)},
	{"which nobody sees by the clock", "exclusion", Valid, "", lined(false)},
	{"the one ahead was gone in time", "grant", Valid, "", lined(true)},
	{
		"the one ahead went at the moment of the grant", "grant", Valid, "", // all evidence that it is still there was sent at that moment
		checktest.Lock().Call(0, objects.FAcquire, 5, 100, history.Info).
			Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).
			Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(21, 0, 5, 20).Saw(25, 1, 7, 22).
			Opens(1).Opens(2).Stands(1, 0).Stands(2, 1).Touches(1).Leaves(1, 1, 0).Touches(2),
	},
	{
		"its own contender is gone when it is looked at", "grant", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).Saw(1, 0, 1, 1).Saw(25, 1, 6, 22).
			Hold(checktest.Grant{Client: 0, Inv: 8, Ret: 21, Release: 40, Token: checktest.Token(3)}). // so that there is a contender to check
			Opens(1).Opens(2).Stands(1, 0).Stands(2, 1).Leaves(2, 2, 1).Touches(2),
	},
	{
		"the one ahead is its own", "grant", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).Saw(1, 0, 1, 1).Saw(25, 1, 6, 22).
			Opens(1).Opens(2).Stands(2, 0).Stands(2, 1).Touches(2).Touches(2),
	},
	{
		"the one ahead is no client's", "grant", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).Saw(25, 1, 6, 22).
			Opens(9).Opens(2).Stands(9, 0).Stands(2, 1).Touches(2).Touches(2),
	},
	{
		"the one ahead is the one behind, counted past the wrap", "grant", Valid, "",
		checktest.Lock().Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).Saw(1, 0, 1, 1).Saw(25, 1, 6, 22).
			Opens(1).Opens(2).Stands(1, 2).Stands(2, -1<<31+3).Touches(2).Touches(2),
	},
	{"a release without an answer counts from its call, however late it came", "exclusion", Valid, "", releasedLate()},
	{"and yet the next grant was too early", "grant", Violation, "still ahead of it", releasedLate()},
	{"the log has each contender", "log", Valid, "", holding(12)},
	{
		"a token that is no contender's", "log", Violation, "no contender that the client created there",
		holding(12).Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 301, Release: 302, Token: checktest.Token(4)}),
	},
	{
		"a token that is the folder's pzxid", "log", Valid, "", // another client's contender has left it so
		holding(12).Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 301, Release: 302, Token: checktest.Token(3)}),
	},
	{
		"a token at which nobody came or went", "log", Violation, "no contender that the client created there",
		holding(12).Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 301, Release: 302, Token: checktest.Token(1)}),
	},
	{"each item went in and came out", "log", Valid, "", queued(12).Shown(400)},
	{
		"an acknowledged item that never was put in", "log", Violation, "has no create of it",
		queued(12).Put(0, 300, 310, "ghost", history.OK).Shown(400),
	},
	{
		"an acknowledged item where the log has a hole", "log", Valid, "",
		queued(12).Put(0, 300, 310, "ghost", history.OK).Skip().Shown(400),
	},
	{
		"a refused item that was put in", "log", Violation, "never will be",
		queued(12).Put(0, 300, 310, "refused", history.Fail).Inserts(1, "refused").Shown(400),
	},
	{
		"an item that somebody else deleted", "log", Violation, "by session 0x2 of client 1",
		queued(12).Put(0, 300, 310, "other", history.OK).Take(0, 311, 312, "other", history.OK).Inserts(1, "other").Removes(2, "other").Shown(400),
	},
	{
		"an item that is there still", "log", Violation, "still has it",
		queued(12).Put(0, 300, 310, "left", history.OK).Take(1, 311, 312, "left", history.OK).Inserts(1, "left").Shown(400),
	},
	{
		"an item that nobody got, by who took another", "loss", Violation, "the log has it deleted at",
		queued(3).Take(1, 300, 301, "", history.Info).Put(0, 302, 303, "a", history.OK).Put(0, 304, 305, "b", history.OK).Take(2, 310, 320, "b", history.OK).
			Inserts(1, "a").Inserts(1, "b").Removes(3, "a").Removes(3, "b").Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"which only the log convicts", "order", Valid, "",
		queued(3).Take(1, 300, 301, "", history.Info).Put(0, 302, 303, "a", history.OK).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that an unknown dequeue took", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.OK).Take(2, 310, 320, "", history.Info).
			Inserts(1, "a").Removes(3, "a").Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that an unknown dequeue moved, and another client deleted there", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.OK).Take(2, 310, 320, "", history.Info).
			Inserts(1, "a").Moves(3, "a").Clears(2, "a").Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that nobody took, moved by one client and deleted by another", "loss", Violation, "never came out",
		queued(3).Put(0, 302, 303, "a", history.OK).
			Inserts(1, "a").Moves(3, "a").Clears(2, "a").Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that was gone before the unknown dequeue", "loss", Violation, "no dequeue of that client",
		queued(3).Put(0, 302, 303, "a", history.OK).Inserts(1, "a").Removes(3, "a").Saw(304, 0, 11, 303).
			Take(2, 310, 320, "", history.Info).Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that was seen to be gone when the unknown dequeue began", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.OK).Inserts(1, "a").Removes(3, "a").Saw(310, 0, 11, 303).
			Take(2, 310, 320, "", history.Info).Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that may have been put in and is lost", "loss", Violation, "never came out",
		queued(3).Put(0, 302, 303, "a", history.Info).Inserts(1, "a").Removes(3, "a").Shown(400),
	},
	{
		"an item that was put back", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.OK).Inserts(1, "a").Removes(3, "a").Inserts(3, "a").Shown(400),
	},
	{
		"an item that may have been put back where the log has a hole", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.OK).Inserts(1, "a").Removes(3, "a").Skip().Touches(1).
			Take(1, 310, 320, "", history.Info).Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"an item that stays, though the queue was empty and a dequeue is unknown", "loss", Violation, "never deleted, so no dequeue took it",
		stays(true, nil),
	},
	{"an item that stays, though nothing was left but puts of unknown outcome", "loss", Violation, "never deleted", stays(false, nil)},
	{
		"an item that a client may hold up", "loss", Valid, "",
		stays(true, func(r *checktest.Record) { r.Stands(2, 0) }),
	},
	{
		"an item that may have gone where the log has a hole", "loss", Valid, "",
		stays(true, func(r *checktest.Record) { r.Skip().Touches(1) }),
	},
	{
		"not drained, but the log has what is left", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.OK).Inserts(1, "a").Shown(400),
	},
	{
		"not drained, and the log ends before", "loss", Unknown, "not drained",
		queued(3).Put(0, 302, 303, "a", history.OK).Shown(400),
	},
	{"raised as the log says", "log", Valid, "", raisedTwice()},
	{
		"raised, lifted, and seen to be away at one moment", "log", Valid, "",
		raisedTwice().Call(0, objects.FLift, 30, 32, history.OK).Lowers(1).Touches(1).Saw(33, 0, 6, 31).
			Call(0, objects.FRaise, 40, 40, history.OK).Raises(1).Call(0, objects.FLift, 40, 40, history.OK).Lowers(1).
			Touches(2).Saw(40, 1, 9, 40).Touches(1).Saw(50, 0, 10, 45),
	},
	{
		"lifted, but it is there", "log", Violation, "its znode is there from",
		liftedOften().Call(0, objects.FLift, 300, 310, history.OK).Touches(1).Saw(311, 0, 41, 311),
	},
	{
		"a lift that leaves the znode there", "log", Valid, "",
		raisedTwice().Call(0, objects.FLift, 30, 40, history.OK).Touches(1).Saw(42, 0, 5, 41),
	},
	{
		"a put without an answer that was taken back", "loss", Valid, "",
		queued(3).Put(0, 302, 303, "a", history.Info).Inserts(1, "a").Removes(1, "a").Shown(400),
	},
	{
		"lifted as the log says", "log", Valid, "",
		raisedTwice().Call(0, objects.FLift, 30, 40, history.OK).Lowers(1).Touches(1).Saw(42, 0, 6, 41),
	},
	{
		"a raise that nobody knew of is certain", "early", Violation, "though the barrier was raised by 0.060 s",
		raisedTwice().Call(0, objects.FLift, 30, 40, history.OK).Lowers(1).Touches(1).Saw(42, 0, 6, 41).
			Call(0, objects.FRaise, 45, 50, history.Info).Raises(1).Touches(1).Saw(60, 0, 8, 55).Call(1, objects.FAwait, 70, 80, history.OK),
	},
	{
		"a lift that had not come", "early", Violation, "and not lifted before 0.325 s",
		liftsUnseen().Touches(2).Saw(330, 1, 41, 325),
	},
	{"a lift that had come by then", "early", Valid, "", liftsUnseen().Lowers(1).Touches(2).Saw(330, 1, 42, 325)},
	{"a lift that came just then, for all that is known", "early", Valid, "", liftsUnseen().Touches(2).Saw(330, 1, 41, 320)},
	{"a lift that may have come where the log has a hole", "early", Valid, "", liftsUnseen().Skip().Touches(2).Saw(330, 1, 42, 325)},
	{"a lift that may come by other means", "early", Valid, "", liftsUnseen().Inserts(1, "other").Touches(2).Saw(330, 1, 42, 325)},
	{"a lift that somebody unseen may have carried out", "early", Valid, "", liftsUnseen().Inserts(9, "other").Touches(2).Saw(330, 1, 42, 325)},
	{"what another client does lifts nothing", "early", Violation, "and not lifted before 0.325 s", liftsUnseen().Inserts(2, "other").Touches(2).Saw(330, 1, 42, 325)},
	{
		"a lift that had not come, and another that was answered", "early", Valid, "",
		liftsUnseen().Call(0, objects.FLift, 312, 318, history.OK).Touches(2).Saw(330, 1, 41, 325).Lowers(1).Touches(2).Saw(340, 1, 43, 335),
	},
	{
		"a raise that never came", "early", Valid, "",
		raisedTwice().Call(0, objects.FLift, 30, 40, history.OK).Lowers(1).Touches(1).Saw(42, 0, 6, 41).
			Call(0, objects.FRaise, 45, 50, history.Info).Touches(1).Touches(1).Saw(60, 0, 8, 55).Call(1, objects.FAwait, 70, 80, history.OK),
	},
	{
		"a closed session that the log closes later", "log", Violation, "closes it nowhere",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Opens(1).Touches(1).
			Add(30, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: dead, Session: 1, Zxid: checktest.Epoch + 2}),
	},
	{
		"a closed session", "log", Valid, "",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Opens(1).Closes(1).
			Add(30, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: dead, Session: 1, Zxid: checktest.Epoch + 2}),
	},
	{
		"all die inside, one comes back and knows of it", "enter", Violation, "at most 1 of 2 members",
		diedInside().Op(checktest.SeenZxids{Then: 4, Now: 6}.Of(comesBack)),
	},
	{
		"all die inside, one comes back and does not know of each", "enter", Valid, "",
		diedInside().Op(checktest.SeenZxids{Then: 3, Now: 6}.Of(comesBack)),
	},
	{
		"it lived when others were granted", "exclusion", Violation, "while client 0 held it",
		provenByLog().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 12}).
			Hold(checktest.Grant{Client: 1, Inv: 15, Ret: 40, Release: 50, Token: 2}).Saw(45, 1, 3, 42),
	},
	{
		"it was dead by then", "exclusion", Valid, "",
		provenByLog().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 12}).
			Hold(checktest.Grant{Client: 1, Inv: 15, Ret: 40, Release: 50, Token: 2}).Saw(45, 1, 6, 42),
	},
	{
		"the log does not say that it lived on", "exclusion", Valid, "",
		checktest.Lock().Skip().Opens(2).Touches(2).Saw(1, 1, 2, 1).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 12}).
			Hold(checktest.Grant{Client: 1, Inv: 15, Ret: 40, Release: 50, Token: 2}).Saw(45, 1, 3, 42),
	},
	{
		"its request that nobody answered was carried out", "exclusion", Violation, "while client 0 held it",
		checktest.Lock().Opens(1).Opens(2).Txn(history.Txn{Type: "error", Session: 1, Cxid: 7, Error: -101}).Closes(1).
			Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 12}).Hold(checktest.Grant{Client: 1, Inv: 15, Ret: 40, Release: 50, Token: 2}).
			Unanswered(70, 0, 7, 45),
	},
	{
		"its request that nobody answered came too late", "exclusion", Valid, "",
		checktest.Lock().Opens(1).Opens(2).Closes(1).Txn(history.Txn{Type: "error", Session: 1, Cxid: 7, Error: -112}).
			Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 12}).Hold(checktest.Grant{Client: 1, Inv: 15, Ret: 40, Release: 50, Token: 2}).
			Unanswered(70, 0, 7, 45),
	},
	{
		"granted on a session that the log has closed", "exclusion", Violation, "the log closes it at 0x100000002",
		checktest.Lock().Opens(1).Closes(1).Opens(2).Touches(2).Saw(5, 1, 4, 4).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 1}).
			Call(1, objects.FAcquire, 10, 20, history.Info),
	},
}

func TestPropertiesByTheLog(t *testing.T) { decideAll(t, logScenarios) }

// diedInside returns a record of a round of two whose sessions the log closes, and of a new
// session of client 0.
func diedInside() *checktest.Record {
	return checktest.DoubleBarrier(2).Opens(1).Opens(2).Closes(1).Closes(2).Opens(9).Touches(9).
		Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).Session(50, history.FConnected, 0, 9)
}

var comesBack = checktest.Args{Client: 0, F: objects.FEnter, Key: "k", Inv: 100, Ret: 110, Outcome: history.OK, Session: 9}

// A subject whose tokens are not zxids, or whose items are nowhere in the log, is
// judged without the log.
func TestLayoutThatIsNotRecognised(t *testing.T) {
	r := checktest.Lock()
	for i := range 12 {
		r.Hold(checktest.Grant{Client: i % 2, Inv: 10 + 20*i, Ret: 12 + 20*i, Release: 18 + 20*i, Token: history.ID(i + 1)})
	}
	r.Opens(1).Opens(2).Shown(400)
	q := checktest.Queue()
	for i := range 12 {
		q.Put(0, 10+20*i, 12+20*i, fmt.Sprint("x", i), history.OK)
	}
	q.Opens(1).Opens(2).Saw(1, 0, 1, 1).Shown(400)
	for _, r := range []*checktest.Record{r, q} {
		rep := Run(t.Context(), r.Build(), Options{Transactions: r.Txns})
		for _, v := range rep.Verdicts {
			if v.Property == "grant" || v.Property == "log" || v.Result == Violation {
				t.Errorf("%s is %s: %s", v.Property, v.Result, v.Reason)
			}
			if v.Property == "loss" && !strings.Contains(strings.Join(v.Notes, ""), "not settled by it") {
				t.Errorf("loss does not say that the log was no help: %+v", v)
			}
		}
	}
}

// If two queues have equal items, the log does not show which queue an item came from.
func TestEqualItemsOfTwoQueues(t *testing.T) {
	item := objects.Item{Item: "a"}
	r := queued(3).Put(0, 302, 303, "a", history.Info) // it was not put in
	r.Op(checktest.Args{Client: 0, F: objects.FEnqueue, Key: "l", Inv: 304, Ret: 305, Outcome: history.OK, In: item, Session: 1})
	r.Op(checktest.Args{Client: 2, F: objects.FDequeue, Key: "l", Inv: 310, Ret: 320, Outcome: history.OK, Out: item, Session: 3})
	r.Inserts(1, "a").Removes(3, "a").Shown(400)
	for _, key := range []string{"k", "l"} {
		r.KeyFact(500, history.FDrained, key, objects.Drained{Empty: true})
	}
	for _, v := range Run(t.Context(), r.Build(), Options{Transactions: r.Txns}).Verdicts {
		if v.Result == Violation {
			t.Errorf("%s of %s is %s: %s", v.Property, v.Key, v.Result, v.Reason)
		}
	}
}

// If a history and a log cannot both be right, that is a finding, whatever followed
// from it.
func TestContradictionWithTheLog(t *testing.T) {
	r := checktest.Lock().Opens(1).Touches(1).Closes(1).Touches(2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 50}).
		Saw(30, 1, 3, 1)
	rep := Run(t.Context(), r.Build(), Options{Transactions: r.Txns})
	i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "evidence" })
	if i < 0 {
		t.Fatalf("%+v", rep.Verdicts)
	}
	if v := rep.Verdicts[i]; v.Result != Unknown || v.Evidence != "S, L" || !strings.Contains(v.Reason, "(the log closes it at 0x100000003)") {
		t.Errorf("%+v", v)
	}
}

// Whatever a file of transactions says, checking ends without a panic, and a log that
// does not know the run's sessions changes no verdict.
func TestHostileTransactions(t *testing.T) {
	types := []string{"createSession", "closeSession", "create", "create2", "delete", "multi", "error", "setData", "", "nonsense"}
	paths := []string{"", "/", "//", "k", "/k", "/k/", "/k/c1-lock-0000000000", "/k/x", "-0000000001"}
	for _, model := range recipeModels() {
		h, _ := checktest.WithLog(checktest.Good(model, 40))
		want := Run(t.Context(), h, Options{NoReference: true}).Verdict
		for seed := range uint64(50) {
			rng := rand.New(rand.NewPCG(seed, 3))
			sessions := []history.ID{0, -1, 77}
			if seed%2 == 0 {
				sessions = append(sessions, 1, 2, 3)
			}
			one := func() history.Txn {
				return history.Txn{
					Type: types[rng.IntN(len(types))], Path: paths[rng.IntN(len(paths))], Data: []byte{byte(rng.IntN(2))},
					Session: sessions[rng.IntN(len(sessions))], Owner: sessions[rng.IntN(len(sessions))],
					Cxid: int32(rng.IntN(3)), ParentCversion: int32(rng.IntN(3)) - 1, Error: int32(rng.IntN(5)/4) * -101,
				}
			}
			var list []history.Txn
			z := history.ID(rng.IntN(2)) << 63
			for range rng.IntN(100) {
				z += 1 + history.ID(rng.IntN(10)/9)<<rng.IntN(34)
				x := one()
				x.Zxid = z
				for range rng.IntN(3) {
					x.Parts = append(x.Parts, one())
				}
				list = append(list, x)
			}
			if got := Run(t.Context(), h, Options{NoReference: true, Transactions: list}).Verdict; seed%2 == 1 && got != want {
				t.Errorf("%s, seed %d: %s with a log of others, %s without", model, seed, got, want)
			}
		}
	}
}

// stays returns a record of an item that stays in the tree although nothing was left in the queue, or nothing but what
// puts of unknown outcome may bring. more adds transactions.
func stays(empty bool, more func(*checktest.Record)) *checktest.Record {
	r := queued(3).Take(1, 300, 301, "", history.Info).Put(0, 302, 303, "a", history.OK).Inserts(1, "a")
	if more != nil {
		more(r)
	}
	return r.Shown(400).KeyFact(500, history.FDrained, "k", objects.Drained{Empty: empty})
}
