package checker

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/groups"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

func TestMembershipIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, groups.Membership.Object.Name, 0, false, func(rng *rand.Rand, how checktest.Kind) *history.History {
		h, _ := checktest.GenerateMembership(rng, how)
		return h
	})
}

// saw returns the zxids that a session had seen at the call and at the return.
func saw(then, now history.ID) checktest.SeenZxids { return checktest.SeenZxids{Then: then, Now: now} }

// membershipScenarios returns scenarios written by hand.
func membershipScenarios() []scenario {
	group := checktest.Group
	in := objects.Joining{Member: "m1"}
	tried := checktest.Args{Client: 0, F: objects.FJoin, Key: "k", Inv: 1, Ret: 2, Outcome: history.Info, In: in, Session: 1}
	unsure := checktest.Args{Client: 0, F: objects.FLeave, Key: "k", Inv: 3, Ret: 4, Outcome: history.Info, In: in, Session: 1}
	refused, open, unregister := unsure, unsure, unsure
	refused.Outcome, open.Ret, unregister.F = history.Fail, -1, objects.FUnregister
	leftIn9 := checktest.SeenZxids{Then: 1, Now: 3}.Of(checktest.Args{Client: 0, F: objects.FLeave, Key: "k", Inv: 4, Ret: 4, Outcome: history.OK, In: in, Session: 9})
	return []scenario{
		{"somebody who never joined", "real", Violation, "client joined under", group().Lists(1, 3, 4, saw(1, 1), "m1")},
		{"a list before the join", "real", Violation, "asked to join under that name only at 0.005 s", group().Lists(1, 3, 4, saw(1, 1), "m1").Joins(0, 5, 6, "m1", saw(1, 2))},
		{"a list while it joins", "real", Valid, "", group().Lists(1, 3, 6, saw(1, 1), "m1").Joins(0, 5, 9, "m1", saw(1, 2))},

		{"a member that its session has seen join", "fresh", Violation, "had joined by 0x100000002", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(2, 2)).Proof(0, 1, 9)},
		{"a server that lags", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(1, 1)).Proof(0, 1, 9)},
		{"a server that lags behind an answer that its client never got", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Missed(2, 1, 2, 0, checktest.Token(2), checktest.Token(1)).Lists(1, 3, 4, saw(2, 2)).Proof(0, 1, 9)},
		{"the same, of a client that connects while it lists", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 5, saw(2, 2)).Missed(4, 1, 2, 0, checktest.Token(2), checktest.Token(1)).Proof(0, 1, 9)},
		{"an answer that its client got behind one that it never got", "fresh", Violation, "had joined by 0x100000002", group().Joins(0, 1, 2, "m1", saw(1, 2)).Missed(2, 1, 2, 0, checktest.Token(2), checktest.Token(1)).Lists(1, 3, 4, saw(3, 3)).Proof(0, 1, 9)},
		{"a member whose session may be dead", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(2, 2))},
		{"a member that is about to leave", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 4, 9, "m1", saw(2, 3)).Lists(1, 3, 5, saw(2, 3)).Proof(0, 1, 9)},
		{"a member that its session has seen leave", "fresh", Violation, "had left by 0x100000003", group().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Lists(1, 5, 6, saw(3, 3), "m1")},
		{"a list that ends when it leaves", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 4, 4, "m1", saw(2, 3)).Lists(1, 3, 4, saw(3, 3)).Proof(0, 1, 9)},
		{"a list that ends before it leaves", "fresh", Violation, "had joined by 0x100000002", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(2, 2)).Parts(0, 5, 6, "m1", saw(2, 3)).Proof(0, 1, 9)},
		{"a list that ends when znodes are deleted", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(2, 2)).Fault("recreate", 4, 5, 0).Proof(0, 1, 9)},
		{"a join that wrote nothing", "fresh", Violation, "had joined by 0x100000002", group().Joins(0, 1, 2, "m1", saw(2, 2)).Lists(1, 3, 4, saw(2, 2)).Proof(0, 1, 9)},
		{"a member that left, of whose join nobody knows", "fresh", Violation, "had left by 0x100000003", group().Op(tried).Parts(0, 3, 4, "m1", saw(2, 3)).Lists(1, 5, 6, saw(3, 3), "m1")},
		{"a member that a server which lags said had left", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(5, 6)).Connected(3, 0, 9).Op(leftIn9).Lists(1, 5, 6, saw(4, 4), "m1")},
		{"a leave of which its session has not heard", "fresh", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Lists(1, 5, 6, saw(2, 2), "m1")},

		{"shown, and then not", "monotone", Violation, "lived on", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(0, 0), "m1").Lists(1, 5, 6, saw(0, 0)).Proof(0, 1, 9)},
		{"shown, and then not, when its session may be dead", "monotone", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(0, 0), "m1").Lists(1, 5, 6, saw(0, 0))},
		{"gone, and there again", "monotone", Violation, `client 1 got the answer at 0.008 s that "m1" is a member of k again, after that client had seen it gone`, group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(0, 0), "m1").Lists(1, 5, 6, saw(0, 0)).Lists(1, 7, 8, saw(0, 0), "m1")},
		{"gone, and there again in another session of its client", "monotone", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(0, 0), "m1").Lists(1, 5, 6, saw(0, 0)).Connected(6, 0, 9).Lists(1, 7, 8, saw(0, 0), "m1")},
		{"gone, and there again behind a session of its client in which it had left", "monotone", Violation, `client 1 got the answer at 0.008 s that "m1" is a member of k again, after that client had seen it gone`, group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 3, 4, saw(0, 0), "m1").Parts(0, 3, 4, "m1", saw(2, 3)).Lists(1, 5, 6, saw(0, 0)).Connected(6, 0, 9).Lists(1, 7, 8, saw(0, 0), "m1")},
		{"there after it left by a call without a request", "fresh", Valid, "", leftByItself()},
		{"gone while it joins", "monotone", Violation, "and it lived on", seenWhileJoining(history.Use{Session: 1, Made: true})},
		{"gone while it joins, with a znode of an earlier session", "monotone", Valid, "", seenWhileJoining(history.Use{Session: 9}, history.Use{Session: 1, Made: true})},
		{"it comes and goes while it joins", "monotone", Valid, "", flickers(group(), 5)},
		{"the same, when too little was committed for that", "monotone", Violation, "and it lived on", flickers(group(), 3)},
		{"gone behind one that came after it had joined", "monotone", Violation, "and it lived on", group().Joins(0, 1, 10, "m1", saw(1, 5)).Joins(2, 11, 14, "m2", saw(5, 9)).Lists(1, 12, 13, saw(0, 0), "m1", "m2").Lists(1, 15, 16, saw(0, 0), "m2").Proof(0, 1, 20)},
		{"gone, perhaps while it joined, which a server that lags shows late", "monotone", Valid, "", group().Joins(0, 1, 10, "m1", saw(1, 5)).Lists(1, 12, 13, saw(0, 0), "m1").Lists(1, 15, 16, saw(0, 0)).Proof(0, 1, 20)},
		{"changes that go back", "monotone", Violation, `client 1 got the answer at 0.008 s that "m1" is a member of k again, after that client had seen it gone`, group().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1").Told(1, 5, 6).Told(1, 7, 8, "m1")},
		{"a list older than a change", "monotone", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1").Lists(1, 5, 6, saw(0, 0)).Proof(0, 1, 9)},

		{"missing for longer than the bound", "converge", Violation, "was not among them", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, 20+bound, 21+bound, saw(0, 0))},
		{"missing for the bound", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Lists(1, bound, bound+1, saw(0, 0))},
		{"missing, and asked to leave", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 21+bound, 22+bound, "m1", saw(2, 3)).Lists(1, 20+bound, 22+bound, saw(0, 0))},
		{"there long after its leave ended in an error", "converge", Violation, "though the call of client 0 to leave had ended in an error by 0.004 s", group().Joins(0, 1, 2, "m1", saw(1, 2)).Op(unsure).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"there long after its join ended in an error", "converge", Violation, "though the call of client 0 to join had ended in an error by 0.002 s", group().Op(tried).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"picked long after its leave ended in an error", "converge", Violation, "to unregister had ended in an error", checktest.Service().Joins(0, 1, 2, "m1", saw(1, 2)).Op(unregister).Picks(1, 20+bound, 21+bound, "m1")},
		{"there for the bound after its leave ended in an error", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Op(unsure).Lists(1, bound, bound+1, saw(0, 0), "m1")},
		{"there long after its leave ended in an error, of a client that was not connected", "converge", Valid, "", group().Connected(0, 0, 1).Joins(0, 1, 2, "m1", saw(1, 2)).Op(unsure).Session(5, history.FDisconnected, 0, 1).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"there long after its leave ended in an error, of a client that was connected just now", "converge", Valid, "", group().Connected(0, 0, 1).Joins(0, 1, 2, "m1", saw(1, 2)).Op(unsure).Session(5, history.FDisconnected, 0, 1).Connected(15+bound, 0, 1).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"there long after a leave that certainly had no effect", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Op(refused).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"there while its leave goes on", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Op(open).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"missing, of a client that was not connected", "converge", Valid, "", group().Connected(0, 0, 1).Joins(0, 1, 2, "m1", saw(1, 2)).Session(3, history.FDisconnected, 0, 1).Lists(1, 20+bound, 21+bound, saw(0, 0))},
		{"missing, of a client that crashed", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Exited(3, 0, history.ByCrash).Started(4, 0).Lists(1, 20+bound, 21+bound, saw(0, 0))},
		{"there long after it left", "converge", Violation, "though it had left by 0.004 s", group().Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"missing, of a client that crashed before a list that was asked for without a connection", "converge", Valid, "", group().Connected(0, 1, 2).Joins(0, 1, 2, "m1", saw(1, 2)).Session(20+bound, history.FDisconnected, 1, 2).Exited(25+bound, 0, history.ByCrash).Lists(1, 40+bound, 50+bound, saw(0, 0)).Connected(45+bound, 1, 2)},
		{"missing, of a client that crashed while the list was read", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Exited(25+bound, 0, history.ByCrash).Lists(1, 20+bound, 50+bound, saw(0, 0))},
		{"missing, of a client whose connection broke while the list was read", "converge", Valid, "", group().Connected(0, 0, 1).Joins(0, 1, 2, "m1", saw(1, 2)).Session(25+bound, history.FDisconnected, 0, 1).Lists(1, 20+bound, 50+bound, saw(0, 0))},
		{"missing at the server that answers behind a reconnect", "converge", Valid, "", group().Connected(0, 1, 2).Joins(0, 1, 2, "m1", saw(1, 2)).Session(21+bound, history.FDisconnected, 1, 2).Connected(23+bound, 1, 2).Lists(1, 20+bound, 50+bound, saw(0, 0))},
		{"there long after it left, at the server that answers behind a reconnect", "converge", Valid, "", group().Connected(0, 1, 2).Joins(0, 1, 2, "m1", saw(1, 2)).Parts(0, 3, 4, "m1", saw(2, 3)).Session(20+bound, history.FDisconnected, 1, 2).Connected(23+bound, 1, 2).Lists(1, 22+bound, 50+bound, saw(0, 0), "m1")},
		{"missing for longer than the bound since both were connected", "converge", Violation, "was not among them", group().Connected(0, 1, 2).Joins(0, 1, 2, "m1", saw(1, 2)).Session(3, history.FDisconnected, 1, 2).Connected(5, 1, 2).Lists(1, 20+bound, 21+bound, saw(0, 0))},
		{"waits though there is news", "converge", Violation, `did not see "m1"`, group().Joins(0, 1, 2, "m1", saw(1, 2)).Op(checktest.Args{Client: 1, F: "changed", Key: "k", Inv: 3, Ret: 20 + bound, Outcome: history.Fail, Session: 2})},
		{"waits though somebody left", "converge", Violation, "did not see that", group().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1").Parts(0, 5, 6, "m1", saw(2, 3)).Op(checktest.Args{Client: 1, F: "changed", Key: "k", Inv: 7, Ret: 20 + bound, Outcome: history.Fail, Session: 2})},
		{"waits without news", "converge", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1").Op(checktest.Args{Client: 1, F: "changed", Key: "k", Inv: 7, Ret: 20 + bound, Outcome: history.Fail, Session: 2})},

		{"there long after its client crashed", "gone", Violation, "had crashed at 0.003 s", group().Joins(0, 1, 2, "m1", saw(1, 2)).Exited(3, 0, history.ByCrash).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"there long after its client crashed, at the server that answers behind a reconnect", "gone", Valid, "", group().Connected(0, 1, 2).Joins(0, 1, 2, "m1", saw(1, 2)).Exited(3, 0, history.ByCrash).Session(20+bound, history.FDisconnected, 1, 2).Connected(23+bound, 1, 2).Lists(1, 22+bound, 50+bound, saw(0, 0), "m1")},
		{"there shortly after its client crashed", "gone", Valid, "", group().Joins(0, 1, 2, "m1", saw(1, 2)).Exited(3, 0, history.ByCrash).Lists(1, bound, bound+1, saw(0, 0), "m1")},
	}
}

// seenWhileJoining returns a record of a group in which client 1 sees m1 and then does not see it,
// before the call of client 0 to join as m1 has ended. used are the sessions that the call used.
func seenWhileJoining(used ...history.Use) *checktest.Record {
	r := checktest.Group().Connected(0, 0, 1)
	if len(used) > 1 {
		r.Connected(5, 0, 9)
	}
	r.Joins(0, 1, 10, "m1", saw(1, 2))
	r.Events[len(r.Events)-1].Used = used
	return r.Lists(1, 3, 4, saw(0, 0), "m1").Lists(1, 6, 7, saw(0, 0)).Proof(0, 1, 20)
}

// flickers adds to a record a group in which client 1 sees m1, then does not, and then sees it
// again, before the call of client 0 to join as m1 ends. seen is the number of the last transaction
// that client 0 had seen then.
func flickers(r *checktest.Record, seen history.ID) *checktest.Record {
	r.Joins(0, 1, 10, "m1", saw(1, seen)).Lists(1, 3, 4, saw(2, 2), "m1").Lists(1, 6, 7, saw(3, 3))
	return r.Lists(1, 8, 9, saw(3, 3), "m1").Proof(0, 1, 20)
}

// leftByItself returns a record of a group that m1 leaves by a call without a request, since the
// session in which it had joined was over, while client 1 lists the group.
func leftByItself() *checktest.Record {
	r := checktest.Group().Connected(0, 0, 1).Connected(0, 0, 9).Joins(0, 1, 2, "m1", saw(1, 2))
	r.Events[len(r.Events)-1].Used = []history.Use{{Session: 9, Made: true, Seen: 2}}
	r.Session(5, history.FExpired, 0, 9).Parts(0, 6, 7, "m1", saw(2, 3))
	return r.Lists(1, 8, 9, saw(4, 4), "m1")
}

// listed adds to a record a group that is in the log: m1 joins, and leaves while client 1 lists the
// members; m2 joins then. stays means that the leave is not in the log.
func listed(r *checktest.Record, stays bool, members ...string) *checktest.Record {
	r.Opens(1).Opens(2).Opens(3).Makes(1, "m1").Makes(3, "m2") // 1 to 5
	if stays {
		r.Touches(1)
	} else {
		r.Unmakes(1, "m1")
	}
	return r.Saw(5, 0, 3, 4).Joins(0, 10, 12, "m1", saw(3, 4)).Lists(1, 20, 40, saw(4, 6), members...).
		Joins(2, 22, 24, "m2", saw(3, 5)).Parts(0, 26, 28, "m1", saw(4, 6)).Shown(60)
}

// back adds to a record a group whose members client 1 lists twice, the second time as they were
// before. used are the sessions that both lists used.
func back(r *checktest.Record, used ...history.Use) *checktest.Record {
	r.Opens(1).Opens(2).Opens(3).Opens(4).Makes(1, "m1").Makes(3, "m2").Unmakes(1, "m1") // 1 to 7
	r.Saw(5, 0, 4, 4).Joins(0, 10, 12, "m1", saw(4, 5))
	for _, u := range used {
		r.Missed(13, 1, u.Session, 13, u.Seen, u.Seen)
	}
	r.Joins(2, 14, 16, "m2", saw(4, 6)).Parts(0, 17, 18, "m1", saw(5, 7))
	list := func(inv, ret int, members ...string) {
		r.Lists(1, inv, ret, saw(5, 7), members...)
		r.Events[len(r.Events)-1].Used = used
	}
	list(20, 30, "m2")
	list(32, 40, "m1")
	return r.Shown(60)
}

// loggedGroups lists scenarios in which the log shows what lists alone do not.
func loggedGroups(group func() *checktest.Record) []scenario {
	return []scenario{
		{"a list of what was", "snapshots", Valid, "", listed(group(), false, "m1")},
		{"a list of what was then", "snapshots", Valid, "", listed(group(), false, "m1", "m2")},
		{"a list of what came", "snapshots", Valid, "", listed(group(), false, "m2")},
		{"a list of what never was", "snapshots", Violation, "that was so at no moment from 0x100000004, when they were m1, to 0x100000007", listed(group(), false)},
		{"a list of what was before the last one", "snapshots", Violation, "at no moment", back(group())},
		{"a list of what was before the last one, of another session", "snapshots", Valid, "", back(group(), history.Use{Session: 2, Seen: checktest.Token(5)}, history.Use{Session: 4, Seen: checktest.Token(5)})},
		{"the log has each member", "log", Valid, "", listed(group(), false, "m1")},
		{"a member that left, and is there", "log", Violation, " k as", listed(group(), true, "m1")},
	}
}

// m1Again joins as m1 in session 7, or leaves, in the process of client 0 that was started again.
func m1Again(f string, inv, ret int, outcome history.Type, s checktest.SeenZxids) checktest.Args {
	return s.Of(checktest.Args{Client: 0, F: f, Key: "k", Inv: inv, Ret: ret, Outcome: outcome, In: objects.Joining{Member: "m1"}, Session: 7})
}

// restarts makes client 0 join as m1. Its process is killed, and the next one keeps the
// name.
func restarts(first history.Type, again ...checktest.Args) *checktest.Record {
	r := checktest.Group().Connected(0, 0, 1)
	join := saw(1, 2).Of(checktest.Args{Client: 0, F: objects.FJoin, Key: "k", Inv: 1, Ret: 2, Outcome: first, In: objects.Joining{Member: "m1"}, Session: 1})
	r.Op(join).Exited(3, 0, history.ByCrash).Started(4, 0).Connected(5, 0, 7)
	for _, o := range again {
		r.Op(o)
	}
	return r
}

// namesakes returns scenarios with members of two processes of one client: what the first one
// created is shown until its session ends, and does not belong to the second one.
func namesakes() []scenario {
	joins, leaves := m1Again(objects.FJoin, 6, 7, history.OK, saw(2, 4)), m1Again(objects.FLeave, 8, 9, history.OK, saw(4, 5))
	refused := m1Again(objects.FJoin, 6, 7, history.Fail, saw(2, 2))
	returns := joins
	returns.Inv, returns.Ret, returns.Session = 7, 8, 1
	return []scenario{
		{"missing although the next process joined", "fresh", Violation, "had joined by 0x100000004", restarts(history.OK, joins).Lists(1, 8, 9, saw(4, 4)).Proof(0, 7, 20)},
		{"there by the znode of the last process", "fresh", Valid, "", restarts(history.OK, joins, leaves).Lists(1, 10, 11, saw(5, 5), "m1").Proof(0, 7, 20)},
		{"gone, and there again by the next process", "monotone", Valid, "", restarts(history.OK, joins).Lists(1, 2, 3, saw(0, 0), "m1").Lists(1, 4, 5, saw(0, 0)).Lists(1, 8, 9, saw(0, 0), "m1").Proof(0, 7, 20)},
		{"shown by the znode of the last process, and then not", "monotone", Valid, "", restarts(history.OK, joins).Lists(1, 8, 9, saw(0, 0), "m1").Lists(1, 10, 11, saw(0, 0)).Proof(0, 7, 20)},
		{"there by the next process long after a crash", "gone", Valid, "", restarts(history.OK, joins).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"there long after a crash, when the next process had asked in vain", "gone", Violation, "had crashed at 0.003 s", restarts(history.OK, refused).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"missing for longer than the bound, though the next process joined", "converge", Violation, "was not among them", restarts(history.OK, joins).Lists(1, 20+bound, 21+bound, saw(0, 0))},
		{"there by the next process long after a join that ended in an error", "converge", Valid, "", restarts(history.Info, joins).Lists(1, 20+bound, 21+bound, saw(0, 0), "m1")},
		{"waits though somebody left, who joined again", "converge", Valid, "", checktest.Group().Joins(0, 1, 2, "m1", saw(1, 2)).Told(1, 3, 4, "m1").Parts(0, 5, 6, "m1", saw(2, 3)).Op(returns).
			Op(checktest.Args{Client: 1, F: "changed", Key: "k", Inv: 5, Ret: 20 + bound, Outcome: history.Fail, Session: 2})},
	}
}

// rests adds to a record a group that is in the log. The process of client 0, which is m1, is
// killed, and the next process is told that it joined as m1, and perhaps that it left. own means
// that it has created a znode.
func rests(own, left bool) *checktest.Record {
	r := checktest.Group().Opens(1).Opens(2).Opens(3)
	now := 10
	does := func(o checktest.Args, does func()) {
		then := r.Zxid
		does()
		o.Inv, o.Ret, o.Key, o.Outcome = now, now+2, "k", history.OK
		r.Op(saw(then-checktest.Epoch, r.Zxid-checktest.Epoch).Of(o))
		now += 4
	}
	joins := func(client int, s history.ID, m string, makes func()) {
		does(checktest.Args{Client: client, F: objects.FJoin, In: objects.Joining{Member: m}, Session: s}, makes)
	}
	for _, m := range strings.Split("abcdefghi", "") { // so that the layout is known
		joins(2, 3, m, func() { r.Makes(3, m) })
	}
	joins(0, 1, "m1", func() { r.Makes(1, "m1") })
	r.Exited(now, 0, history.ByCrash).Started(now+1, 0).Opens(7).Connected(now+2, 0, 7)
	now += 4
	joins(0, 7, "m1", func() {
		r.Touches(7)
		if own {
			r.Txn(history.Txn{Type: "create", Session: 7, Owner: 7, Path: "/run/k/m1-again", Data: []byte("m1")})
		}
	})
	if left {
		does(checktest.Args{Client: 0, F: objects.FLeave, In: objects.Joining{Member: "m1"}, Session: 7}, func() { r.Unmakes(7, "m1-again") })
	}
	return r.Shown(now + 10)
}

func init() {
	scenarios = append(scenarios, slices.Concat(membershipScenarios(), namesakes())...)
	logScenarios = append(logScenarios,
		scenario{"a member that rests on the znode of the last process", "log", Violation, "the only znode of that name was of session 0x1, whose process was killed at 0.050 s", rests(false, false)},
		scenario{"a member of the next process", "log", Valid, "", rests(true, false)},
		scenario{"a member that left, and is there by the znode of the last process", "log", Valid, "", rests(true, true)},
	)
	logScenarios = append(logScenarios, loggedGroups(checktest.Group)...)
}

// The reference model knows each join and each leave on which the checks are based, whatever became
// of it. Otherwise it would find nothing wrong where they do.
func TestReferenceOfGroupsFindsWhatChecksFind(t *testing.T) {
	for _, s := range slices.Concat(membershipScenarios(), namesakes(), discoveryScenarios()) {
		if s.want != Violation || !slices.Contains([]string{"fresh", "pick"}, s.property) {
			continue
		}
		t.Run(s.property+"/"+strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
			rep := Run(t.Context(), s.record.Build(), Options{})
			v := rep.Verdicts[slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == s.property })]
			if v.Result != Violation {
				t.Errorf("%+v", v)
			}
		})
	}
}

// The reference model of fresh lets a member come and go while it joins, unless too little was committed
// for that.
func TestReferenceOfASlowJoin(t *testing.T) {
	for seen, want := range map[history.ID]string{5: "", 3: "only porcupine found this"} {
		rep := Run(t.Context(), flickers(checktest.Group(), seen).Saw(5, 2, 3, 5).Build(), Options{})
		for _, v := range rep.Verdicts {
			if v.Property == "fresh" && ((v.Result == Violation) != (want != "") || !strings.Contains(v.Reason, want)) {
				t.Errorf("up to transaction %d: %+v", seen, v)
			}
		}
	}
}

// If sessions were to end, a member whose session ended must have been there after the heal:
// a member that stays away, and is not looked for again, shows nothing. Neither does a
// session that its client closed in the end.
func TestMembershipExercise(t *testing.T) {
	for _, tt := range []struct {
		name  string
		more  func(*checktest.Record) *checktest.Record
		wants string
	}{
		{"no session ended but in the end", func(r *checktest.Record) *checktest.Record {
			return r.Lists(1, 604, 605, saw(0, 0), "late").Session(607, history.FDead, 3, 4)
		}, "too few members whose session ended"},
		{"a member stays away", func(r *checktest.Record) *checktest.Record {
			return r.Session(597, history.FExpired, 3, 4).Connected(598, 3, 9).Lists(1, 604, 605, saw(0, 0))
		}, "though their sessions had ended before"},
		{"a member comes back", func(r *checktest.Record) *checktest.Record {
			return r.Session(597, history.FExpired, 3, 4).Connected(598, 3, 9).Lists(1, 604, 605, saw(0, 0), "late")
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checktest.Good(groups.Membership.Object.Name, 30).Joins(3, 595, 596, "late", saw(0, 0))
			first := slices.IndexFunc(r.Events, func(e history.Event) bool { return e.Type == history.OK })
			for i := range r.Events { // all time counts except that of one operation, the load
				if r.Events[i].F == history.FPhase {
					r.Events[i].Time = r.Events[first].Time
				}
			}
			tt.more(r).Fault("expire", 500, 502, 3).Header.Params.Expects = []string{"expire:holder"}
			h, log := checktest.WithLog(r)
			log = append(log, history.Txn{Type: "closeSession", Session: 4, Zxid: log[len(log)-1].Zxid + 1})
			rep := Run(t.Context(), h, Options{NoReference: true, Transactions: log})
			v := rep.Verdicts[slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "converge" })]
			if want := map[bool]Result{true: Valid, false: Unknown}[tt.wants == ""]; v.Result != want || !strings.Contains(v.Reason, tt.wants) {
				t.Errorf("%+v", v)
			}
		})
	}
}

// A subject that lists its members one by one does not promise snapshots, and the run says why they
// are not checked.
func TestSnapshotsArePromised(t *testing.T) {
	r := listed(checktest.Group(), false)
	for i := range r.Events {
		if r.Events[i].F == history.FOffers {
			r.Events[i].Value = history.Value(history.Offers{})
		}
	}
	rep := Run(t.Context(), r.Build(), Options{NoReference: true, Transactions: r.Txns})
	for _, v := range rep.Verdicts {
		if v.Property == "snapshots" {
			t.Errorf("%+v", v)
		}
	}
	want := NotAvailable{"property", "snapshots", "the group does not promise it: it has no Snapshots"}
	if !slices.Contains(rep.NotAvailable, want) {
		t.Errorf("%+v, want %+v", rep.NotAvailable, want)
	}
}
