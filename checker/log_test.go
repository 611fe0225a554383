package checker

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

// What follows builds transaction logs: each call is one transaction, numbered
// from 0x100000001 on.

const epoch = history.ID(1) << 32

func (r *record) txn(t history.Txn) *record {
	if r.zxid == 0 {
		r.zxid = epoch
	}
	r.zxid++
	t.Zxid = r.zxid
	r.txns = append(r.txns, t)
	return r
}

// skip leaves a hole of one transaction in the log.
func (r *record) skip() *record { r.zxid++; return r }

func (r *record) opens(s history.ID) *record {
	return r.txn(history.Txn{Type: "createSession", Session: s})
}

func (r *record) closes(s history.ID) *record {
	return r.txn(history.Txn{Type: "closeSession", Session: s})
}

// stands makes a contender with a number.
func (r *record) stands(s history.ID, number int) *record {
	return r.txn(history.Txn{
		Type: "create", Session: s, Owner: s, Path: fmt.Sprintf("/k/c%d-lock-%010d", s, number), ParentCversion: int32(number + 1),
	})
}

func (r *record) leaves(s, owner history.ID, number int) *record {
	return r.txn(history.Txn{Type: "delete", Session: s, Path: fmt.Sprintf("/k/c%d-lock-%010d", owner, number)})
}

func (r *record) inserts(s history.ID, item string) *record {
	return r.txn(history.Txn{Type: "multi", Session: s, Parts: []history.Txn{
		{Type: "create", Path: "/k/item-" + item, Data: []byte(item)}, {Type: "setData", Path: "/k/marks/m"},
	}})
}

func (r *record) removes(s history.ID, item string) *record {
	return r.txn(history.Txn{Type: "delete", Session: s, Path: "/k/item-" + item})
}

func (r *record) raises(s history.ID) *record {
	return r.txn(history.Txn{Type: "create", Session: s, Path: "/run/k"})
}

func (r *record) lowers(s history.ID) *record {
	return r.txn(history.Txn{Type: "delete", Session: s, Path: "/run/k"})
}

// touches is a write that changes nothing.
func (r *record) touches(s history.ID) *record {
	return r.txn(history.Txn{Type: "multi", Session: s, Parts: []history.Txn{{Type: "check", Path: "/"}}})
}

// saw adds that a client had the answer at t, with the n-th transaction's zxid, to
// a request that it had sent at some moment.
func (r *record) saw(t, client int, n history.ID, sent int) *record {
	return r.add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected,
		Session: history.ID(client + 1), Alive: time.Duration(sent) * ms, Seen: epoch + n,
	})
}

// token is the zxid of the n-th transaction.
func token(n history.ID) history.ID { return epoch + n }

// lined makes the log of two contenders, the first of which is gone before the
// answer to the second's next request, or not.
func lined(gone bool) *record {
	r := lock().call(0, history.FAcquire, 5, 100, history.Info).
		hold(grant{client: 1, inv: 6, ret: 20, release: 30, token: token(4)}).
		saw(1, 0, 1, 1).saw(1, 1, 2, 1).saw(25, 1, 6, 22)
	r.opens(1).opens(2).stands(1, 0).stands(2, 1) // 1 to 4
	if gone {
		return r.leaves(1, 1, 0).touches(2)
	}
	return r.touches(2).touches(2).leaves(1, 1, 0)
}

// holding makes n holds by turns whose contenders are in the log.
func holding(n int) *record {
	r := lock().opens(1).opens(2).saw(1, 0, 1, 1).saw(1, 1, 2, 1)
	for i := range n {
		c := i % 2
		s := history.ID(c + 1)
		r.stands(s, i)
		r.hold(grant{client: c, inv: 10 + 20*i, ret: 12 + 20*i, release: 18 + 20*i, token: r.zxid})
		r.touches(s).saw(14+20*i, c, r.zxid-epoch, 13+20*i)
		r.leaves(s, s, i).touches(s)
	}
	return r.touches(1).saw(20+20*n, 0, r.zxid-epoch, 15+20*n)
}

// queued makes n items that go in and come out, and are in the log.
func queued(n int) *record {
	r := queue().opens(1).opens(2).opens(3).saw(1, 0, 1, 1).saw(1, 1, 2, 1).saw(1, 2, 3, 1)
	for i := range n {
		item := fmt.Sprint("x", i)
		r.put(0, 10+20*i, 12+20*i, item, history.OK).take(1, 14+20*i, 16+20*i, item, history.OK)
		r.inserts(1, item).removes(2, item)
	}
	return r
}

// shown ends a log with requests of all clients that everybody saw.
func (r *record) shown(t int) *record {
	r.touches(1)
	return r.saw(t+2, 0, r.zxid-epoch, t).saw(t+2, 1, r.zxid-epoch, t).saw(t+2, 2, r.zxid-epoch, t)
}

func raisedTwice() *record {
	r := barrier().opens(1).opens(2).saw(1, 0, 1, 1).saw(1, 1, 2, 1)
	return r.call(0, history.FRaise, 10, 20, history.OK).raises(1).touches(1).saw(22, 0, 4, 21)
}

// liftedOften is raised, and was lifted nine times, as the log says: how this
// subject lifts is known.
func liftedOften() *record {
	r, n, t := raisedTwice(), history.ID(4), 30
	for range 9 {
		r.call(0, history.FLift, t, t+2, history.OK).lowers(1).touches(1).saw(t+3, 0, n+2, t+3)
		r.call(0, history.FRaise, t+10, t+12, history.OK).raises(1).touches(1).saw(t+13, 0, n+4, t+13)
		n, t = n+4, t+20
	}
	return r
}

// releasedLate is a hold whose contender goes only after the next grant, since the
// release was not answered.
func releasedLate() *record {
	return lock().hold(grant{client: 0, inv: 5, ret: 10, release: 30, outcome: history.Info, token: token(3)}).
		hold(grant{client: 1, inv: 6, ret: 50, release: 70, token: token(4)}).
		saw(1, 0, 1, 1).saw(1, 1, 2, 1).saw(60, 1, 5, 55).saw(65, 1, 7, 62).
		opens(1).opens(2).stands(1, 0).stands(2, 1).touches(2).leaves(1, 1, 0).touches(2) // 1 to 7
}

// liftsUnseen is raised, as in liftedOften, and perhaps lifted: somebody passes then.
func liftsUnseen() *record {
	return liftedOften().call(0, history.FLift, 300, 310, history.Info).call(1, history.FAwait, 311, 320, history.OK)
}

// provenByLog are the proofs of life that only the log gives, of a session that by the
// links may have died long before.
func provenByLog() *record {
	return lock().opens(1).opens(2).touches(2).touches(1).closes(1).touches(2).saw(1, 1, 2, 1)
}

// logScenarios are those in which the transaction log says what the clocks do not.
var logScenarios = []scenario{
	{"granted before the one ahead is gone", "grant", Violation, "still stood before it", lined(false)},
	{"which nobody sees by the clock", "exclusion", Valid, "", lined(false)},
	{"the one ahead was gone in time", "grant", Valid, "", lined(true)},
	{
		"the one ahead went at the moment of the grant", "grant", Valid, "", // and all that shows it not gone was sent then
		lock().call(0, history.FAcquire, 5, 100, history.Info).
			hold(grant{client: 1, inv: 6, ret: 20, release: 30, token: token(4)}).
			saw(1, 0, 1, 1).saw(1, 1, 2, 1).saw(21, 0, 5, 20).saw(25, 1, 7, 22).
			opens(1).opens(2).stands(1, 0).stands(2, 1).touches(1).leaves(1, 1, 0).touches(2),
	},
	{
		"its own contender is gone when it is looked at", "grant", Valid, "",
		lock().hold(grant{client: 1, inv: 6, ret: 20, release: 30, token: token(4)}).saw(1, 0, 1, 1).saw(25, 1, 6, 22).
			hold(grant{client: 0, inv: 8, ret: 21, release: 40, token: token(3)}). // so that there is one to look at
			opens(1).opens(2).stands(1, 0).stands(2, 1).leaves(2, 2, 1).touches(2),
	},
	{
		"the one ahead is its own", "grant", Valid, "",
		lock().hold(grant{client: 1, inv: 6, ret: 20, release: 30, token: token(4)}).saw(1, 0, 1, 1).saw(25, 1, 6, 22).
			opens(1).opens(2).stands(2, 0).stands(2, 1).touches(2).touches(2),
	},
	{
		"the one ahead is no client's", "grant", Valid, "",
		lock().hold(grant{client: 1, inv: 6, ret: 20, release: 30, token: token(4)}).saw(25, 1, 6, 22).
			opens(9).opens(2).stands(9, 0).stands(2, 1).touches(2).touches(2),
	},
	{
		"the one ahead is the one behind, counted past the wrap", "grant", Valid, "",
		lock().hold(grant{client: 1, inv: 6, ret: 20, release: 30, token: token(4)}).saw(1, 0, 1, 1).saw(25, 1, 6, 22).
			opens(1).opens(2).stands(1, 2).stands(2, -1<<31+3).touches(2).touches(2),
	},
	{"a release without an answer counts from its call, however late it came", "exclusion", Valid, "", releasedLate()},
	{"and yet the next grant was too early", "grant", Violation, "still stood before it", releasedLate()},
	{"the log has each contender", "log", Valid, "", holding(12)},
	{
		"a token that is no contender's", "log", Violation, "no contender of the client made there",
		holding(12).hold(grant{client: 1, inv: 300, ret: 301, release: 302, token: token(4)}),
	},
	{
		"a token that is the folder's pzxid", "log", Valid, "", // as somebody else's contender left it
		holding(12).hold(grant{client: 1, inv: 300, ret: 301, release: 302, token: token(3)}),
	},
	{
		"a token at which nobody came or went", "log", Violation, "no contender of the client made there",
		holding(12).hold(grant{client: 1, inv: 300, ret: 301, release: 302, token: token(1)}),
	},
	{"each item went in and came out", "log", Valid, "", queued(12).shown(400)},
	{
		"an acknowledged item that never was put in", "log", Violation, "has no create of it",
		queued(12).put(0, 300, 310, "ghost", history.OK).shown(400),
	},
	{
		"an acknowledged item where the log has a hole", "log", Valid, "",
		queued(12).put(0, 300, 310, "ghost", history.OK).skip().shown(400),
	},
	{
		"a refused item that was put in", "log", Violation, "never will be",
		queued(12).put(0, 300, 310, "refused", history.Fail).inserts(1, "refused").shown(400),
	},
	{
		"an item that somebody else deleted", "log", Violation, "by session 0x2 of client 1",
		queued(12).put(0, 300, 310, "other", history.OK).take(0, 311, 312, "other", history.OK).inserts(1, "other").removes(2, "other").shown(400),
	},
	{
		"an item that is there still", "log", Violation, "has it there still",
		queued(12).put(0, 300, 310, "left", history.OK).take(1, 311, 312, "left", history.OK).inserts(1, "left").shown(400),
	},
	{
		"an item that nobody got, by who took another", "loss", Violation, "the log has it deleted at",
		queued(3).take(1, 300, 301, "", history.Info).put(0, 302, 303, "a", history.OK).put(0, 304, 305, "b", history.OK).take(2, 310, 320, "b", history.OK).
			inserts(1, "a").inserts(1, "b").removes(3, "a").removes(3, "b").shown(400).keyFact(500, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"which only the log convicts", "order", Valid, "",
		queued(3).take(1, 300, 301, "", history.Info).put(0, 302, 303, "a", history.OK).keyFact(500, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"an item that an unknown dequeue took", "loss", Valid, "",
		queued(3).put(0, 302, 303, "a", history.OK).take(2, 310, 320, "", history.Info).
			inserts(1, "a").removes(3, "a").shown(400).keyFact(500, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"an item that was gone before the unknown dequeue", "loss", Violation, "no dequeue of that client",
		queued(3).put(0, 302, 303, "a", history.OK).inserts(1, "a").removes(3, "a").saw(304, 0, 11, 303).
			take(2, 310, 320, "", history.Info).shown(400).keyFact(500, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"an item that was seen to be gone when the unknown dequeue began", "loss", Valid, "",
		queued(3).put(0, 302, 303, "a", history.OK).inserts(1, "a").removes(3, "a").saw(310, 0, 11, 303).
			take(2, 310, 320, "", history.Info).shown(400).keyFact(500, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"an item that may have been put in and is lost", "loss", Violation, "never came out",
		queued(3).put(0, 302, 303, "a", history.Info).inserts(1, "a").removes(3, "a").shown(400),
	},
	{
		"an item that was put back", "loss", Valid, "",
		queued(3).put(0, 302, 303, "a", history.OK).inserts(1, "a").removes(3, "a").inserts(3, "a").shown(400),
	},
	{
		"an item that may have been put back where the log has a hole", "loss", Valid, "",
		queued(3).put(0, 302, 303, "a", history.OK).inserts(1, "a").removes(3, "a").skip().touches(1).
			take(1, 310, 320, "", history.Info).shown(400).keyFact(500, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"not drained, but the log has what is left", "loss", Valid, "",
		queued(3).put(0, 302, 303, "a", history.OK).inserts(1, "a").shown(400),
	},
	{
		"not drained, and the log ends before", "loss", Unknown, "not drained",
		queued(3).put(0, 302, 303, "a", history.OK).shown(400),
	},
	{"raised as the log says", "log", Valid, "", raisedTwice()},
	{
		"raised, lifted, and seen to be away at one moment", "log", Valid, "",
		raisedTwice().call(0, history.FLift, 30, 32, history.OK).lowers(1).touches(1).saw(33, 0, 6, 31).
			call(0, history.FRaise, 40, 40, history.OK).raises(1).call(0, history.FLift, 40, 40, history.OK).lowers(1).
			touches(2).saw(40, 1, 9, 40).touches(1).saw(50, 0, 10, 45),
	},
	{
		"lifted, but it is there", "log", Violation, "its znode is there from",
		liftedOften().call(0, history.FLift, 300, 310, history.OK).touches(1).saw(311, 0, 41, 311),
	},
	{
		"a lift that leaves the znode there", "log", Valid, "",
		raisedTwice().call(0, history.FLift, 30, 40, history.OK).touches(1).saw(42, 0, 5, 41),
	},
	{
		"a put without an answer that was taken back", "loss", Valid, "",
		queued(3).put(0, 302, 303, "a", history.Info).inserts(1, "a").removes(1, "a").shown(400),
	},
	{
		"lifted as the log says", "log", Valid, "",
		raisedTwice().call(0, history.FLift, 30, 40, history.OK).lowers(1).touches(1).saw(42, 0, 6, 41),
	},
	{
		"a raise that nobody knew of is certain", "early", Violation, "though it was raised by 0.060 s",
		raisedTwice().call(0, history.FLift, 30, 40, history.OK).lowers(1).touches(1).saw(42, 0, 6, 41).
			call(0, history.FRaise, 45, 50, history.Info).raises(1).touches(1).saw(60, 0, 8, 55).call(1, history.FAwait, 70, 80, history.OK),
	},
	{
		"a lift that had not come", "early", Violation, "and not lifted before 0.325 s",
		liftsUnseen().touches(2).saw(330, 1, 41, 325),
	},
	{"a lift that had come by then", "early", Valid, "", liftsUnseen().lowers(1).touches(2).saw(330, 1, 42, 325)},
	{"a lift that came just then, for all that is known", "early", Valid, "", liftsUnseen().touches(2).saw(330, 1, 41, 320)},
	{"a lift that may have come where the log has a hole", "early", Valid, "", liftsUnseen().skip().touches(2).saw(330, 1, 42, 325)},
	{"a lift that may come by other means", "early", Valid, "", liftsUnseen().inserts(1, "other").touches(2).saw(330, 1, 42, 325)},
	{"a lift that somebody unseen may have carried out", "early", Valid, "", liftsUnseen().inserts(9, "other").touches(2).saw(330, 1, 42, 325)},
	{"what another client does lifts nothing", "early", Violation, "and not lifted before 0.325 s", liftsUnseen().inserts(2, "other").touches(2).saw(330, 1, 42, 325)},
	{
		"a lift that had not come, and another that was answered", "early", Valid, "",
		liftsUnseen().call(0, history.FLift, 312, 318, history.OK).touches(2).saw(330, 1, 41, 325).lowers(1).touches(2).saw(340, 1, 43, 335),
	},
	{
		"a raise that never came", "early", Valid, "",
		raisedTwice().call(0, history.FLift, 30, 40, history.OK).lowers(1).touches(1).saw(42, 0, 6, 41).
			call(0, history.FRaise, 45, 50, history.Info).touches(1).touches(1).saw(60, 0, 8, 55).call(1, history.FAwait, 70, 80, history.OK),
	},
	{
		"a closed session that the log closes later", "log", Violation, "closes it nowhere",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).opens(1).touches(1).
			add(30, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: dead, Session: 1, Zxid: epoch + 2}),
	},
	{
		"a closed session", "log", Valid, "",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).opens(1).closes(1).
			add(30, history.Event{Process: history.SessionProcess, Client: 0, Type: history.Info, F: dead, Session: 1, Zxid: epoch + 2}),
	},
	{
		"it lived when others were granted", "exclusion", Violation, "while client 0 held it",
		provenByLog().hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 12}).
			hold(grant{client: 1, inv: 15, ret: 40, release: 50, token: 2}).saw(45, 1, 3, 42),
	},
	{
		"it was dead by then", "exclusion", Valid, "",
		provenByLog().hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 12}).
			hold(grant{client: 1, inv: 15, ret: 40, release: 50, token: 2}).saw(45, 1, 6, 42),
	},
	{
		"the log does not say that it lived on", "exclusion", Valid, "",
		lock().skip().opens(2).touches(2).saw(1, 1, 2, 1).hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 12}).
			hold(grant{client: 1, inv: 15, ret: 40, release: 50, token: 2}).saw(45, 1, 3, 42),
	},
	{
		"its request that nobody answered was carried out", "exclusion", Violation, "while client 0 held it",
		lock().opens(1).opens(2).txn(history.Txn{Type: "error", Session: 1, Cxid: 7, Error: -101}).closes(1).
			hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 12}).hold(grant{client: 1, inv: 15, ret: 40, release: 50, token: 2}).
			unanswered(70, 0, 7, 45),
	},
	{
		"its request that nobody answered came too late", "exclusion", Valid, "",
		lock().opens(1).opens(2).closes(1).txn(history.Txn{Type: "error", Session: 1, Cxid: 7, Error: -112}).
			hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 12}).hold(grant{client: 1, inv: 15, ret: 40, release: 50, token: 2}).
			unanswered(70, 0, 7, 45),
	},
	{
		"granted on a session that the log has closed", "exclusion", Violation, "the log closes it at 0x100000002",
		lock().opens(1).closes(1).opens(2).touches(2).saw(5, 1, 4, 4).hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 1}).
			call(1, history.FAcquire, 10, 20, history.Info),
	},
}

// unanswered adds the fact that a request was sent and not answered.
func (r *record) unanswered(t, client int, xid int32, sent int) *record {
	return r.add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FUnanswered, Session: history.ID(client + 1),
		Value: history.Value(history.Unanswered{Requests: []history.UnansweredRequest{{Xid: xid, Op: "delete", Sent: time.Duration(sent) * ms}}}),
	})
}

func TestPropertiesByTheLog(t *testing.T) { decideAll(t, logScenarios) }

// A subject whose tokens are no zxids, or whose items are nowhere in the log, is
// judged without it.
func TestLayoutThatIsNotRecognised(t *testing.T) {
	r := lock()
	for i := range 12 {
		r.hold(grant{client: i % 2, inv: 10 + 20*i, ret: 12 + 20*i, release: 18 + 20*i, token: history.ID(i + 1)})
	}
	r.opens(1).opens(2).shown(400)
	q := queue()
	for i := range 12 {
		q.put(0, 10+20*i, 12+20*i, fmt.Sprint("x", i), history.OK)
	}
	q.opens(1).opens(2).saw(1, 0, 1, 1).shown(400)
	for _, r := range []*record{r, q} {
		rep := Run(t.Context(), r.build(), Options{Transactions: r.txns})
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

// A history and a log that cannot both be right are a finding, whatever came of it.
func TestContradictionWithTheLog(t *testing.T) {
	r := lock().opens(1).touches(1).closes(1).touches(2).hold(grant{client: 0, inv: 10, ret: 20, release: 60, token: 1, alive: 50}).
		saw(30, 1, 3, 1)
	rep := Run(t.Context(), r.build(), Options{Transactions: r.txns})
	i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "evidence" })
	if i < 0 {
		t.Fatalf("%+v", rep.Verdicts)
	}
	if v := rep.Verdicts[i]; v.Result != Unknown || v.Evidence != "S, L" || !strings.Contains(v.Reason, "(the log closes it at 0x100000003)") {
		t.Errorf("%+v", v)
	}
}

// An index tells holes from ends of epochs.
func TestWhole(t *testing.T) {
	log := func(zs ...history.ID) (list []history.Txn) {
		for _, z := range zs {
			list = append(list, history.Txn{Zxid: z, Type: "error"})
		}
		return list
	}
	const two = 2 * epoch
	for name, c := range map[string]struct {
		list []history.Txn
		seen []history.ID
		want []stretch
	}{
		"nothing":                     {nil, nil, nil},
		"one":                         {log(epoch + 5), nil, []stretch{{1<<32 + 5, 1<<32 + 5}}},
		"a hole":                      {log(epoch+1, epoch+2, epoch+4), nil, []stretch{{1<<32 + 1, 1<<32 + 2}, {1<<32 + 4, 1<<32 + 4}}},
		"an epoch begins":             {log(epoch+1, two+1, two+2), nil, []stretch{{1<<32 + 1, 2<<32 + 2}}},
		"an epoch begins late":        {log(epoch+1, two+2), nil, []stretch{{1<<32 + 1, 1<<32 + 1}, {2<<32 + 2, 2<<32 + 2}}},
		"somebody saw more before":    {log(epoch+1, two+1), []history.ID{epoch + 2}, []stretch{{1<<32 + 1, 1<<32 + 1}, {2<<32 + 1, 2<<32 + 1}}},
		"a leader before its first":   {log(epoch+1, two+1), []history.ID{two}, []stretch{{1<<32 + 1, 2<<32 + 1}}},
		"an epoch without one":        {log(epoch+1, 3*epoch+1), nil, []stretch{{1<<32 + 1, 3<<32 + 1}}},
		"somebody saw one of another": {log(epoch+1, 3*epoch+1), []history.ID{two + 1}, []stretch{{1<<32 + 1, 1<<32 + 1}, {3<<32 + 1, 3<<32 + 1}}},
	} {
		a := &analysis{}
		for i, z := range c.seen {
			a.zxids.look(&history.Event{Index: i, Time: time.Duration(i), Seen: z}, nil)
		}
		x := a.indexTxns(c.list, nil)
		if diff := cmp.Diff(c.want, x.whole, cmp.AllowUnexported(stretch{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Multis that failed did nothing; a closed session takes its znodes with it.
func TestIndexOfZnodes(t *testing.T) {
	r := lock().opens(1).stands(1, 0).txn(history.Txn{Type: "multi", Session: 1, Parts: []history.Txn{
		{Type: "create", Path: "/k/never"}, {Type: "error", Error: -101},
	}}).txn(history.Txn{Type: "delete", Session: 1, Path: "/k/c1-lock-0000000000", Error: -103}).closes(1).closes(1)
	x := (&analysis{}).indexTxns(r.txns, nil)
	all := x.folders["/k"]
	if len(all) != 1 || !all[0].sequential() || all[0].kind() != "lock" || all[0].d != 1<<32+5 || all[0].remover != 1 {
		t.Errorf("%+v", all)
	}
	if s := x.sessions[1]; s.created != 1<<32+1 || s.closed != 1<<32+5 {
		t.Errorf("%+v", s)
	}
}

// The ties between times and zxids, asked next to every event.
func TestZxids(t *testing.T) {
	var z zxids
	for i, e := range []history.Event{
		{Time: 10 * ms, Session: 1, Alive: 5 * ms, Seen: 3},
		{Time: 20 * ms, Session: 2, Alive: 12 * ms, Seen: 7},
		{Time: 30 * ms, Session: 1, Alive: 25 * ms, Seen: 6}, // answered earlier than it was told
		{Time: 35 * ms, Session: 2, Zxid: 11, Process: 1},    // as a subject says
		{Time: 40 * ms, Session: 2, Zxid: 9, Process: history.SessionProcess},
	} {
		e.Index = i
		z.look(&e, &session{})
	}
	z.add(8, 18*ms, 4)
	z.sort()
	ask := func(f func(uint64) (time.Duration, int), of ...uint64) (s string) {
		for _, x := range of {
			d, _ := f(x)
			s += at(d) + " "
		}
		return s
	}
	if got, want := ask(z.by, 3, 4, 7, 8, 9, 10), "0.010 s 0.020 s 0.020 s 0.040 s 0.040 s the end "; got != want {
		t.Errorf("by: %s", got)
	}
	if got, want := ask(z.sentBelow, 3, 4, 7, 8, 9), "the start 0.005 s 0.025 s 0.025 s 0.025 s "; got != want {
		t.Errorf("sent below: %s", got)
	}
	s := ""
	for _, at := range []int{1, 5, 6, 12, 13, 18, 25, 26} {
		zxid, _, ok := z.ceil(time.Duration(at) * ms)
		s += fmt.Sprint(zxid, ok, " ", z.floor(time.Duration(at)*ms), "; ")
	}
	if want := "3 true 0; 6 true 0; 6 true 0; 6 true 3; 6 true 3; 6 true 3; 0 false 7; 0 false 7; "; s != want {
		t.Errorf("ceil and floor: %s", s)
	}
	if floor, floorAt := z.floor(20*ms), z.floorAt(20*ms); floor != 3 || floorAt != 7 {
		t.Errorf("before 20 ms zxid %d was seen, up to then %d", floor, floorAt)
	}
}

// withLog gives a record's history as if each event of a client came with a write
// of its session, and the log of all that, the operations included.
func withLog(r *record) (*history.History, []history.Txn) {
	h := r.build()
	return h, logOf(h)
}

// logOf gives events the evidence of a log, and the log. What nobody knows happened.
func logOf(h *history.History) []history.Txn {
	x := &record{}
	number, place := 0, map[int]int{}
	tokens := map[int]history.ID{}
	opened := map[history.ID]bool{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Session == 0 {
			continue
		}
		if !opened[e.Session] {
			opened[e.Session] = true
			x.opens(e.Session)
		}
		switch {
		case e.F == history.FAcquire && e.Type == history.Invoke:
			x.stands(e.Session, number)
			tokens[e.Client], place[e.Client] = x.zxid, number
			number++
		case e.F == history.FRelease && e.Type == history.Invoke:
			x.leaves(e.Session, e.Session, place[e.Client])
		case e.F == history.FEnqueue && e.Type == history.OK, e.F == history.FDequeue && e.Type == history.OK && len(e.Value) > 0:
			var v history.Item
			item := e
			if e.F == history.FEnqueue {
				item = invocation(h, i)
			}
			if err := json.Unmarshal(item.Value, &v); err != nil {
				panic(err)
			}
			if e.F == history.FEnqueue {
				x.inserts(e.Session, v.Item)
			} else {
				x.removes(e.Session, v.Item)
			}
		case e.F == history.FRaise && (e.Type == history.OK || e.Type == history.Info):
			x.txn(history.Txn{Type: "create", Session: e.Session, Path: "/run/" + e.Key})
		case e.F == history.FLift && (e.Type == history.OK || e.Type == history.Info):
			x.txn(history.Txn{Type: "delete", Session: e.Session, Path: "/run/" + e.Key})
		}
		retoken(e, tokens[e.Client])
		x.touches(e.Session)
		e.Alive, e.Seen = e.Time, x.zxid
	}
	// One session more, that ends as its client was told.
	x.opens(99).closes(99)
	h.Events = append(h.Events, history.Event{
		Index: len(h.Events), Time: h.Events[len(h.Events)-1].Time, Process: history.SessionProcess, Client: 90, Type: history.Info,
		F: history.FDead, Session: 99, Zxid: x.zxid,
	})
	return x.txns
}

// invocation is that of the i-th event.
func invocation(h *history.History, i int) *history.Event {
	for j := i - 1; ; j-- {
		if e := &h.Events[j]; e.Process == h.Events[i].Process {
			return e
		}
	}
}

// retoken puts a client's present token where the record has another.
func retoken(e *history.Event, token history.ID) {
	var v map[string]any
	if json.Unmarshal(e.Value, &v) == nil && v["token"] != nil {
		v["token"] = token.String()
		e.Value = history.Value(v)
	}
}

// Whatever a file of transactions says, checking ends without a panic, and a log
// that knows nothing of the run's sessions changes no verdict.
func TestHostileTransactions(t *testing.T) {
	types := []string{"createSession", "closeSession", "create", "create2", "delete", "multi", "error", "setData", "", "nonsense"}
	paths := []string{"", "/", "//", "k", "/k", "/k/", "/k/c1-lock-0000000000", "/k/x", "-0000000001"}
	for _, model := range Models() {
		if perRound[model] == 0 {
			continue
		}
		h, _ := withLog(good(model, 40))
		want := Run(t.Context(), h, Options{NoReferee: true}).Verdict
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
			if got := Run(t.Context(), h, Options{NoReferee: true, Transactions: list}).Verdict; seed%2 == 1 && got != want {
				t.Errorf("%s, seed %d: %s with a log of others, %s without", model, seed, got, want)
			}
		}
	}
}

// What is looked up in the index of a barrier's znodes is what a look at each finds.
func TestUptimes(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 4))
		a := &analysis{sessions: map[history.ID]*session{1: {client: 1}, 2: {client: 2}}, keys: []*keyRecord{{key: "k"}}}
		x := &txns{folders: map[string][]*znode{}}
		var all []*znode
		for c := uint64(1); c < 12; c += uint64(rng.IntN(3)) {
			n := &znode{path: fmt.Sprintf("/%d/k", rng.IntN(2)), maker: history.ID(1 + rng.IntN(2)), c: c, d: c + uint64(rng.IntN(6))}
			if rng.IntN(8) == 0 {
				n.d = there
			}
			all = append(all, n)
			x.folders["/"] = append(x.folders["/"], n)
		}
		u := a.uptimes(x)["k"]
		low := uint64(rng.IntN(14))
		high := low + uint64(rng.IntN(8))
		within, throughout := false, (*znode)(nil)
		for _, n := range all {
			within = within || n.c <= high && n.d > low
			if throughout == nil && n.c <= low && n.d > high {
				throughout = n
			}
		}
		if got := u.within(low, high); got != within {
			t.Fatalf("seed %d: within %d and %d: %t, want %t", seed, low, high, got, within)
		}
		if got := u.throughout(low, high); got != throughout {
			t.Fatalf("seed %d: throughout %d to %d: %+v, want %+v", seed, low, high, got, throughout)
		}
		if i := slices.IndexFunc(all, func(n *znode) bool { return n.c > low }); i < 0 && madeBehind(all, low) != len(all) || i >= 0 && madeBehind(all, low) != i {
			t.Fatalf("seed %d: the first behind %d is at %d, want %d", seed, low, madeBehind(all, low), i)
		}
	}
}
