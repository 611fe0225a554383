package checker

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// gaveUp adds that client 0 opened another session, 11, at a moment when it was disconnected from
// 1.
func gaveUp(r *checktest.Record, at int) *checktest.Record {
	return r.Connected(5, 0, 1).Session(100, history.FDisconnected, 0, 1).Connected(at, 0, 11)
}

// tookOld adds that client 0 is told in its new session that it holds, while another client
// does.
func tookOld(r *checktest.Record) *checktest.Record {
	return r.Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 4500, Release: 5000, Session: 11, Was: 1}).
		Confirm(0, 4600, true, 0, 11).
		Hold(checktest.Grant{Client: 1, Inv: 200, Ret: 4550, Release: 4900}).Confirm(1, 4850, true, 0, 2)
}

// bothOver returns a record in which client 0 was granted a hold in 1 or in 11, and
// gave up both sessions.
func bothOver() *checktest.Record {
	return gaveUp(checktest.Remote(), 3000).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 3500, Release: -1, Session: 11, Was: 1, Token: 1}).
		Session(3600, history.FDisconnected, 0, 11).Connected(4000, 0, 12)
}

// twoConnections returns a record in which client 0 was granted a hold in 1 or in 11, and gave up
// only the newer session.
func twoConnections() *checktest.Record {
	return checktest.Remote().Connected(5, 0, 1).Connected(1000, 0, 11).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 1500, Release: -1, Session: 11, Was: 1, Token: 1}).
		Session(2000, history.FDisconnected, 0, 11).Connected(2500, 0, 12)
}

// ownSession returns a record in which client 0 was granted a hold in 11, which it has beside 1, and then was
// connected in neither.
func ownSession() *checktest.Record {
	return checktest.Remote().Connected(5, 0, 1).Connected(6, 0, 11).
		Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Used(11).
		Session(100, history.FDisconnected, 0, 1).Session(110, history.FDisconnected, 0, 11)
}

// Clients give up sessions by themselves, without being told by a server that these are
// over.
var givenUpScenarios = []scenario{
	{"takes the znode of the session that it gave up for its own", "exclusion", Violation, "client 0 got the answer that it holds k at some moment from 4.600 s to 4.602 s, all of it while client 1 held it", tookOld(gaveUp(checktest.Remote(), 3000))},
	{"the same, of one that was told", "exclusion", Violation, "client 0 got the answer that it holds k at some moment from 4.600 s to 4.602 s", tookOld(checktest.Remote().Connected(5, 0, 1).Session(100, history.FDisconnected, 0, 1).Session(2999, expired, 0, 1).Connected(3000, 0, 11))},
	{"the same, over a slow link", "exclusion", Violation, "client 0 got the answer that it holds k at some moment from 4.600 s to 4.602 s", tookOld(gaveUp(checktest.Remote().Fault("slow-link", 50, 9000, 0), 3000))},
	{"opened the new session only just now", "exclusion", Valid, "", tookOld(gaveUp(checktest.Remote(), 4000))},
	{"was stopped when it opened the new session", "exclusion", Valid, "", tookOld(gaveUp(checktest.Remote().Fault("freeze", 3001, 4599, 0), 3000))},
	{"was killed, and another process opened the new session", "exclusion", Valid, "", checktest.Remote().Connected(5, 0, 1).Session(100, history.FDisconnected, 0, 1).Exited(101, 0, history.ByCrash).Connected(3000, 0, 11).Started(3000, 0).
		Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Alive: 30}).Hold(checktest.Grant{Client: 1, Inv: 200, Ret: 4550, Release: 4900}).Confirm(1, 4850, true, 0, 2)},
	{"comes back to the old session", "exclusion", Valid, "", tookOld(gaveUp(checktest.Remote(), 3000)).Connected(6000, 0, 1)},
	{"died again when it had just been granted", "exclusion", Valid, "", gaveUp(checktest.Remote(), 3000).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 3500, Release: -1, Session: 11, Was: 1, Alive: 3500}).
		Session(3600, history.FDisconnected, 0, 11).Connected(4400, 0, 12).Confirm(0, 4600, true, 0, 12).Lost(4650, 0, 0, 12).
		Hold(checktest.Grant{Client: 1, Inv: 200, Ret: 4550, Release: 4900}).Confirm(1, 4850, true, 0, 2)},

	{"was granted in the new session before it was told of the old one, and that died, too", "exclusion", Valid, "", checktest.Remote().Connected(5, 0, 1).Session(100, history.FDisconnected, 0, 1).Connected(1000, 0, 11).Session(2500, expired, 0, 1).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 2000, Release: -1, Session: 11, Was: 1, Token: 1, Alive: 1500}).Confirm(0, 4000, true, 1, 11).
		Hold(checktest.Grant{Client: 1, Inv: 1000, Ret: 1750, Release: -1, Token: 2, Alive: 5000}).Confirm(1, 4950, true, 2, 2)},
	{"came back to a third session meanwhile, in which it may hold", "exclusion", Valid, "", checktest.Remote().Connected(5, 0, 1).Session(100, history.FDisconnected, 0, 1).Connected(1000, 0, 11).
		Connected(1500, 0, 1).Session(1750, history.FDisconnected, 0, 11).Connected(2500, 0, 12).
		Hold(checktest.Grant{Client: 0, Inv: 1100, Ret: 3250, Release: 5000, Session: 12, Was: 11, Token: 1}).Confirm(0, 4000, true, 1, 12).Confirm(0, 4500, true, 1, 12).
		Hold(checktest.Grant{Client: 1, Inv: 1000, Ret: 1250, Release: 6500, Token: 2}).Confirm(1, 6400, true, 2, 2)},
	{"held when it was asked, and no more when it had answered", "exclusion", Valid, "", gaveUp(checktest.Remote(), 1250).
		Hold(checktest.Grant{Client: 0, Inv: 75, Ret: 1500, Release: 5000, Unheld: true, Session: 11, Was: 1, Token: 1}).
		Op(checktest.Args{Client: 0, F: objects.FConfirm, Key: "k", Inv: 3000, Ret: 4000, Outcome: history.OK, Out: objects.Held{Held: true, Token: 1}, Session: 11}).
		Hold(checktest.Grant{Client: 1, Inv: 2000, Ret: 3500, Release: 4600, Token: 2}).Confirm(1, 4500, true, 2, 2)},

	{"was told, and goes on to hold without another session", "lost", Violation, "said at 2.000 s that it still holds", checktest.Remote().Connected(5, 0, 1).
		Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Confirm(0, 2000, true, 1, 1)},
	{"goes on to hold in the new session", "lost", Violation, "gave up its session 0x1 at 2.000 s, when it opened another, and said at 3.500 s that it still holds", gaveUp(checktest.Remote(), 2000).
		Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Confirm(0, 3500, true, 1, 11)},
	{"says in time that its hold is lost", "lost", Valid, "", gaveUp(checktest.Remote(), 2000).
		Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Lost(2500, 0, 1, 11).Fact(9000, history.FEnd, nil)},

	{"holds in a session of its own, and returns to its first one meanwhile", "lost", Valid, "", ownSession().Connected(200, 0, 1).Confirm(0, 1900, true, 1, 1).Used(11)},
	{"holds in a session of its own, and opens one more meanwhile", "lost", Valid, "", ownSession().Connected(200, 0, 12).Confirm(0, 1900, true, 1, 1).Used(11)},
	{"goes on to hold when both sessions are over that it can hold in", "lost", Violation, "gave up its session 0xb at 4.000 s, when it opened another, and said at 5.600 s that it still holds", bothOver().Confirm(0, 5600, true, 1, 12)},
	{"goes on to hold in the newer one, and never says that it lost that", "lost", Violation, "gave up its session 0xb at 4.000 s, when it opened another, and by 9.000 s its hold of k with token 0x1 was not reported lost", bothOver().Confirm(0, 4500, true, 1, 12).Fact(9000, history.FEnd, nil)},
	{"goes on to hold in the newer one, and says late that it lost that", "lost", Violation, "reported the loss of k with token 0x1 only at 5.200 s", bothOver().Confirm(0, 4500, true, 1, 12).Lost(5200, 0, 1, 12)},
	{"leads again by the same token when both sessions are over", "tokens", Violation, "with the same token 0x1", bothOver().Confirm(0, 5600, true, 1, 12)},
	{"gives the newer session up, and may hold in the older one", "lost", Valid, "", twoConnections().Confirm(0, 4000, true, 1, 12)},
	{"gives the newer session up, and may hold in the older one", "tokens", Valid, "", twoConnections().Confirm(0, 4000, true, 1, 12)},

	{"one lease that can be of two sessions", "fair", Valid, "", gaveUp(checktest.Semaphore(2), 3000).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 3500, Release: 5000, Session: 11, Was: 1, Token: 1}).Confirm(0, 4600, true, 1, 11)},
	{"one lock for reading that can be of two sessions", "tokens", Valid, "", gaveUp(checktest.RWLock(), 3000).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 3500, Release: 5000, Session: 11, Was: 1, Token: 1, Wish: objects.Wish{Mode: objects.ToRead}}).Confirm(0, 4600, true, 1, 11)},

	{"two grants of some keys with one token, of which either can be of the session between", "tokens", Valid, "", gaveUp(checktest.MultiLock(), 3000).
		Hold(checktest.Grant{Client: 0, Inv: 50, Ret: 3500, Release: 4000, Session: 11, Was: 1, Token: 1}).Of("a", "b").
		Session(4100, history.FDisconnected, 0, 11).Connected(4200, 0, 12).
		Hold(checktest.Grant{Client: 0, Inv: 4050, Ret: 4500, Release: 5000, Session: 12, Was: 11, Token: 1}).Of("a", "b")},

	{"waits for ever in the new session", "progress", Violation, "client 0 waited for k", gaveUp(checktest.Remote().Phases(0, 1, 2), 200).
		Waits(0, 300, 9000, 11).KeyFact(20000, history.FFinal, "k", objects.Final{})},
	{"what it left goes with the old session", "progress", Unknown, "still stood in line", gaveUp(checktest.Remote().Phases(0, 1, 2), 1000).
		Waits(0, 30, 900, 1).KeyFact(3000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "lock-1", Owner: 1}}})},
}

func TestGivenUpSessions(t *testing.T) { decideAll(t, givenUpScenarios) }

// TestGivenUpSessionsAgreeWithReference checks that the search also knows to which sessions a hold
// can belong.
func TestGivenUpSessionsAgreeWithReference(t *testing.T) {
	for _, s := range givenUpScenarios {
		for _, v := range Run(t.Context(), s.record.Build(), Options{}).Verdicts {
			if strings.Contains(v.Reason, "reference model disagrees") {
				t.Errorf("%s: %s: %s", s.name, v.Property, v.Reason)
			}
		}
	}
}
