package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// multiLockScenarios returns scenarios written by hand.
func multiLockScenarios() []scenario {
	hold := func(client, inv, ret, release int, token history.ID) checktest.Grant {
		return checktest.Grant{Client: client, Inv: inv, Ret: ret, Release: release, Token: token}
	}
	// dying returns a hold of client 2 whose session was last alive at alive.
	dying := func(inv, ret, alive int, token history.ID) checktest.Grant {
		return checktest.Grant{Client: 2, Inv: inv, Ret: ret, Release: ret + 40, Token: token, Alive: alive, Outcome: history.Fail}
	}
	one := func() *checktest.Record { return checktest.MultiLock().Hold(hold(0, 10, 20, 50, 1)).Of("a", "b") }
	// relay is held without a gap: a from 20 to 50, b from 50 to 90.
	relay := func(b int) *checktest.Record {
		return checktest.MultiLock().Hold(hold(0, 10, 20, 50, 1)).Of("a").Hold(hold(1, 10, b, 90, 2)).Of("b")
	}
	waits := func() *checktest.Record { return checktest.MultiLock().Phases(0, 100, 200) }
	gaveUp := func(r *checktest.Record, n int) *checktest.Record {
		for i := range n {
			r.Call(3, objects.FAcquire, 210+10*i, 215+10*i, history.Fail).Of("a", "b")
		}
		return r
	}
	end := func(r *checktest.Record, left ...objects.Contender) *checktest.Record {
		return r.KeyFact(bound+9500, history.FFinal, "k", objects.Final{Contenders: left})
	}
	return []scenario{
		{"two hold one lock of several", "exclusion", Violation, "client 1 was granted b of k at 0.030 s with token 0x2 while client 0 held it from 0.020 s until at least 0.050 s", one().Hold(hold(1, 12, 30, 70, 2)).Of("c", "b")},
		{"two hold different locks", "exclusion", Valid, "", one().Hold(hold(1, 12, 30, 70, 2)).Of("c", "d")},
		{"two hold the whole of a key that names no locks", "exclusion", Violation, "client 1 was granted k at", checktest.MultiLock().Hold(hold(0, 10, 20, 50, 1)).Hold(hold(1, 12, 30, 70, 2))},
		{"one after the other", "exclusion", Valid, "", one().Hold(hold(1, 12, 50, 70, 2)).Of("b")},
		{"a dead session's between two holds of two locks", "exclusion", Valid, "", relay(55).Hold(dying(15, 80, 21, 3)).Of("a", "b").Session(75, dead, 2, 3)},
		{"a dead session's at the moment at which one lock is free and the other not yet held", "exclusion", Valid, "", relay(50).Hold(dying(15, 80, 21, 3)).Of("a", "b").Session(75, dead, 2, 3)},
		{"a dead session's while one of its locks always was held", "exclusion", Violation, "client 2 was granted a and b of k at some moment from 0.021 s to 0.075 s with token 0x3, all of it while client 0 held a from 0.020 s until at least 0.050 s with token 0x1 and client 1 held b from 0.045 s until at least 0.090 s", relay(45).Hold(dying(15, 80, 21, 3)).Of("b", "a").Session(75, dead, 2, 3)},
		{"a dead session's where each lock was free, of those it did not ask for", "exclusion", Valid, "", relay(45).Hold(dying(15, 80, 21, 3)).Of("b").Session(75, dead, 2, 3)},
		{"a grant on a session that was dead before the call", "exclusion", Violation, "client 2 was granted a of k at 0.060 s with token 0x1 on a session that was dead by 0.022 s", checktest.MultiLock().Hold(dying(40, 60, 15, 1)).Of("a").Session(22, dead, 2, 3)},

		{"a lower token behind", "tokens", Violation, "client 0 was granted b of k by 0.020 s with token 0x5, yet the grant of client 1 with the lower token 0x2 was in force at 0.070 s", checktest.MultiLock().Hold(hold(0, 10, 20, 50, 5)).Of("a", "b").Hold(hold(1, 12, 60, 70, 2)).Of("b", "c")},
		{"a lower token elsewhere", "tokens", Valid, "", checktest.MultiLock().Hold(hold(0, 10, 20, 50, 5)).Of("a", "b").Hold(hold(1, 12, 60, 70, 2)).Of("c")},
		{"one token twice", "tokens", Violation, "clients 0 and 1 were granted b of k at 0.020 s and 0.060 s with the same token 0x5", checktest.MultiLock().Hold(hold(0, 10, 20, 50, 5)).Of("a", "b").Hold(hold(1, 12, 60, 70, 5)).Of("b")},

		{"a present holder refused", "fencing", Violation, "client 1 held b of k", one().WriteTo("b", 0, 25, 9, true, 1).Hold(hold(1, 12, 60, 90, 2)).Of("b").WriteTo("b", 1, 65, 2, false, 2)},
		{"a low write to another lock", "fencing", Valid, "", one().WriteTo("a", 0, 25, 9, true, 1).Hold(hold(1, 12, 60, 90, 2)).Of("b").WriteTo("b", 1, 65, 2, true, 1)},
		{"a past holder accepted", "fencing", Violation, "the write of client 0 to b of k", one().Hold(hold(1, 12, 60, 90, 2)).Of("b").WriteTo("b", 1, 65, 2, true, 1).WriteTo("b", 0, 70, 1, true, 2)},

		{"never says that the locks are lost", "lost", Violation, "was not reported lost", checktest.MultiLock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Of("a", "b").Session(100, expired, 0, 1).Fact(5000, history.FEnd, nil)},
		{"says in time that the locks are lost", "lost", Valid, "", checktest.MultiLock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Of("a", "b").Session(100, expired, 0, 1).Lost(1000, 0, 1, 1).Fact(5000, history.FEnd, nil)},

		{"a contender left behind", "all-or-none", Violation, "a/c3-lock-0000000001 still stood in line for k", end(gaveUp(waits(), 3), objects.Contender{Name: "a/c3-lock-0000000001", Owner: 4})},
		{"none left behind", "all-or-none", Valid, "", end(gaveUp(waits(), 3))},
		{"no list", "all-or-none", Unknown, "no list of contenders", gaveUp(waits(), 3)},

		{"two that wait for each other", "progress", Violation, "client 0 waited for a and b of k from 0.300 s, and no client in its way held anything", end(waits().
			Call(0, objects.FAcquire, 300, 300+bound+200, history.Info).Of("a", "b").Call(1, objects.FAcquire, 300, 300+bound+200, history.Info).Of("b", "a").
			Hold(hold(2, 210, 220, 9000, 1)).Of("c"))},
		{"one that waits for a holder", "progress", Valid, "", end(waits().
			Call(0, objects.FAcquire, 300, 300+bound+200, history.Info).Of("a", "b").Hold(hold(2, 210, 220, bound+9000, 1)).Of("b"))},
		{"one that waits behind one that waits for a holder", "progress", Valid, "", end(waits().
			Call(0, objects.FAcquire, 301, 300+bound+200, history.Info).Of("a", "b").Call(1, objects.FAcquire, 300, 300+bound+200, history.Info).Of("b", "c").
			Hold(hold(2, 210, 220, bound+9000, 1)).Of("c"))},
	}
}

// inLine returns a record of a grant of a and b; the log shows whether a contender ahead stood in
// line for a key.
func inLine(key string) *checktest.Record {
	r := checktest.MultiLock().Call(0, objects.FAcquire, 5, 100, history.Info).Of(key).
		Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(4)}).Of("a", "b").
		Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(25, 1, 6, 22)
	return r.Opens(1).Opens(2).StandsFor(1, 0, key).StandsFor(2, 1, "a", "b").Touches(2).Touches(2).LeavesAll(1, 0, key) // 1 to 7
}

// loggedMultiLocks lists scenarios in which the log shows what the clocks do not.
func loggedMultiLocks() []scenario {
	all := []scenario{
		{"the log has the contenders of a multi-lock", "log", Valid, "", holding(12)},
		{"a token that is no contender's of a multi-lock", "log", Violation, "no contender that the client created there", holding(12).Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 301, Release: 302, Token: checktest.Token(1)})},
	}
	all = append(all,
		scenario{"another one stood in line for one of two keys", "grant", Violation, "client 1 was granted b of k at 0.020 s", inLine("b")},
		scenario{"another one stood in line for another key", "grant", Valid, "", inLine("c")})
	for _, s := range all {
		s.record.Header.Model = objects.MultiLock.Name
	}
	return all
}

func init() {
	scenarios = append(scenarios, multiLockScenarios()...)
	logScenarios = append(logScenarios, loggedMultiLocks()...)
}

func TestMultiLocksAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.MultiLock.Name, 0, true, checktest.GenerateMultiLocks)
}

func TestTokensOfMultiLocksAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.MultiLock.Name, 1, true, checktest.GenerateMultiLocks)
}
