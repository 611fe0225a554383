package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// rwScenarios returns scenarios written by hand.
func rwScenarios() []scenario {
	hold := func(client, inv, ret, release int, token history.ID) checktest.Grant {
		return checktest.Grant{Client: client, Inv: inv, Ret: ret, Release: release, Token: token}
	}
	dying := func(inv, ret, alive int, token history.ID) checktest.Grant {
		return checktest.Grant{Client: 2, Inv: inv, Ret: ret, Release: ret + 40, Token: token, Alive: alive, Outcome: history.Fail}
	}
	listening := func() *checktest.Record {
		return checktest.RWLock().Phases(0, 100, 200).Proof(0, 1, 205).Reads(hold(0, 210, 220, 20000, 1))
	}
	return []scenario{
		{"two read", "exclusion", Valid, "", checktest.RWLock().Reads(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 2))},
		{"two write", "exclusion", Violation, "client 1 was granted k to write at 0.021 s with token 0x2 while client 0 held it to write from 0.020 s until at least 0.050 s", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Hold(hold(1, 10, 21, 60, 2))},
		{"one reads beside a writer", "exclusion", Violation, "client 1 was granted k to read at 0.021 s with token 0x2 while client 0 held it to write", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 2))},
		{"one writes beside the second of two readers", "exclusion", Violation, "client 2 was granted k to write at 0.052 s with token 0x3 while client 1 held it to read", checktest.RWLock().Reads(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 2)).Hold(hold(2, 10, 52, 70, 3))},
		{"one reads beside one that has downgraded", "exclusion", Valid, "", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Downgrade(0, 30, history.OK).Reads(hold(1, 10, 31, 60, 2))},
		{"one reads beside one that may have downgraded", "exclusion", Valid, "", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Downgrade(0, 30, history.Info).Reads(hold(1, 10, 31, 60, 2))},
		{"one reads beside one that could not downgrade", "exclusion", Violation, "while client 0 held it to write", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Downgrade(0, 30, history.Fail).Reads(hold(1, 10, 32, 60, 2))},
		{"one reads before a downgrade", "exclusion", Violation, "to write from 0.020 s until at least 0.030 s", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Downgrade(0, 30, history.OK).Reads(hold(1, 10, 29, 60, 2))},
		{"one writes beside one that has downgraded", "exclusion", Violation, "while client 0 held it to read", checktest.RWLock().Hold(hold(0, 10, 20, 50, 1)).Downgrade(0, 30, history.OK).Hold(hold(1, 10, 35, 60, 2))},
		{"a writer for which there was no moment between readers", "exclusion", Violation, "was granted k to write at some moment from 0.031 s to 0.045 s with token 0x3, and all that time it was held by clients 0 and 1", checktest.RWLock().Reads(hold(0, 10, 20, 40, 1)).Reads(hold(1, 10, 35, 70, 2)).Hold(dying(30, 48, 31, 3)).Session(45, dead, 2, 3)},
		{"a writer for which there was a moment between readers", "exclusion", Valid, "", checktest.RWLock().Reads(hold(0, 10, 20, 40, 1)).Reads(hold(1, 10, 40, 70, 2)).Hold(dying(30, 48, 31, 3)).Session(45, dead, 2, 3)},
		{"a reader whose window lies beside readers", "exclusion", Valid, "", checktest.RWLock().Reads(hold(0, 10, 20, 40, 1)).Reads(hold(1, 10, 35, 70, 2)).Reads(dying(30, 48, 31, 3)).Session(45, dead, 2, 3)},
		{"a reader whose window lies in a writer's", "exclusion", Violation, "was granted k to read at some moment from 0.031 s to 0.045 s", checktest.RWLock().Hold(hold(0, 10, 20, 70, 1)).Reads(dying(30, 48, 31, 3)).Session(45, dead, 2, 3)},

		{"readers in any order", "tokens", Valid, "", checktest.RWLock().Reads(hold(0, 10, 20, 30, 2)).Reads(hold(1, 32, 40, 50, 1))},
		{"a reader overtook a writer", "tokens", Violation, "client 1 was granted k to read by 0.040 s with token 0x2, yet the grant to client 0 to write, with the lower token 0x1, was in force at 0.070 s", checktest.RWLock().Hold(hold(0, 10, 60, 70, 1)).Reads(hold(1, 10, 40, 50, 2))},
		{"a writer overtook a reader", "tokens", Violation, "client 1 was granted k to write by 0.040 s with token 0x2", checktest.RWLock().Reads(hold(0, 45, 60, 70, 1)).Hold(hold(1, 10, 40, 42, 2))},
		{"a reader behind a downgrade", "tokens", Valid, "", checktest.RWLock().Hold(hold(0, 10, 20, 70, 1)).Downgrade(0, 30, history.OK).Reads(hold(1, 10, 40, 50, 2))},
		{"one token twice", "tokens", Violation, "with the same token 0x1", checktest.RWLock().Reads(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 1))},

		{"a reader with the lower token after a reader", "fencing", Valid, "", checktest.RWLock().Reads(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 2)).Hold(hold(2, 10, 71, 80, 3)).ReadGuarded(1, 25, 2, true, 1).ReadGuarded(0, 30, 1, true, 2).Write(2, 75, 3, true, 3)},
		{"a reader refused for a reader's token", "fencing", Violation, "yet its read at 0.030 s was refused", checktest.RWLock().Reads(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 2)).Hold(hold(2, 10, 71, 80, 3)).ReadGuarded(1, 25, 2, true, 1).ReadGuarded(0, 30, 1, false, 2).Write(2, 75, 3, true, 3)},
		{"a late reader is accepted after a writer", "fencing", Violation, "the read of client 0 to k at 0.060 s with token 0x1 was accepted after that of client 1 with token 0x2", checktest.RWLock().Reads(hold(0, 10, 20, 30, 1)).Hold(hold(1, 10, 40, 70, 2)).Write(1, 45, 2, true, 1).ReadGuarded(0, 60, 1, true, 2)},
		{"a late writer is accepted after a reader", "fencing", Violation, "the write of client 0 to k at 0.060 s with token 0x1 was accepted after that of client 1 with token 0x2", checktest.RWLock().Hold(hold(0, 10, 20, 30, 1)).Reads(hold(1, 10, 40, 70, 2)).ReadGuarded(1, 45, 2, true, 1).Write(0, 60, 1, true, 2)},

		{"two read and believe so", "belief", Valid, "", checktest.RWLock().Reads(hold(0, 10, 20, 50, 1)).Reads(hold(1, 10, 21, 60, 2))},
		{"one writes while another believes that it reads", "belief", Violation, "for 0.020 s", checktest.RWLock().Reads(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 60, Token: 1, Alive: 25}).Hold(hold(1, 30, 40, 70, 2))},

		{"never says that the hold is lost", "lost", Violation, "was not reported lost", checktest.RWLock().Reads(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Fact(5000, history.FEnd, nil)},
		{"says in time that the hold is lost", "lost", Valid, "", checktest.RWLock().Reads(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Lost(1000, 0, 1, 1).Fact(5000, history.FEnd, nil)},

		{"heard that it was asked", "revocation", Valid, "", listening().Revoke(1, 300).Listen(0, 250, 400, true)},
		{"heard what nobody asked", "revocation", Violation, "was notified by 0.400 s of a request for its hold, but no client had made one", listening().Listen(0, 250, 400, true).Revoke(1, 500)},
		{"heard what was asked of the one before", "revocation", Violation, "client had made one", checktest.RWLock().Revoke(1, 5).Reads(hold(0, 10, 20, 50, 1)).Listen(0, 25, 30, true)},
		{"heard what was asked of the place that it had by a call that it gave up", "revocation", Valid, "", checktest.RWLock().Refused(0, 1, 4).Revoke(1, 5).Reads(hold(0, 10, 20, 50, 1)).Listen(0, 25, 30, true)},
		{"did not hear for long", "revocation", Violation, "had not been notified (7.198 s, of 7.000", listening().Revoke(1, 300).Listen(0, 250, 300+bound+200, false)},
		{"did not hear for a while", "revocation", Valid, "", listening().Revoke(1, 300).Listen(0, 250, 400, false)},

		{"nobody holds it, and one waits", "progress", Violation, "no client held it", checktest.RWLock().Phases(0, 100, 200).Call(0, objects.FAcquire, 300, 300+bound+200, history.Info).KeyFact(9500, history.FFinal, "k", objects.Final{})},
		{"one waits to read beside a reader", "progress", Violation, "no writer held it or waited for it", checktest.RWLock().Phases(0, 100, 200).Reads(hold(1, 210, 220, 9000, 1)).Op(checktest.Args{Client: 0, F: objects.FAcquire, Key: "k", Inv: 300, Ret: 300 + bound + 200, Outcome: history.Info, In: objects.Wish{Mode: objects.ToRead}, Session: 1}).KeyFact(9500, history.FFinal, "k", objects.Final{})},
		{"one waits to read behind a writer that waits", "progress", Valid, "", checktest.RWLock().Phases(0, 100, 200).Reads(hold(1, 210, 220, 9000, 1)).Call(2, objects.FAcquire, 290, 8900, history.Info).Op(checktest.Args{Client: 0, F: objects.FAcquire, Key: "k", Inv: 300, Ret: 300 + bound + 200, Outcome: history.Info, In: objects.Wish{Mode: objects.ToRead}, Session: 1}).KeyFact(9500, history.FFinal, "k", objects.Final{})},
	}
}

// writesBehind returns a record of a grant to write; the log shows whether the contenders
// ahead were gone.
func writesBehind(gone bool) *checktest.Record {
	r := checktest.RWLock().Call(0, objects.FAcquire, 5, 100, history.Info).Call(2, objects.FAcquire, 5, 100, history.Info).
		Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(6)}).
		Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(1, 2, 3, 1).Saw(25, 1, 8, 22)
	r.Opens(1).Opens(2).Opens(3).Stands(1, 0).Stands(3, 1).Stands(2, 2) // 1 to 6
	if gone {
		return r.Leaves(1, 1, 0).Leaves(3, 3, 1).Touches(2)
	}
	return r.Leaves(1, 1, 0).Touches(2).Leaves(3, 3, 1)
}

// loggedRWLocks lists scenarios in which the log shows what the clocks do not.
func loggedRWLocks() []scenario {
	all := []scenario{
		{"one stands ahead of a writer", "grant", Violation, "client 1 was granted k to write at 0.020 s", writesBehind(false)},
		{"all who stood ahead of a writer were gone", "grant", Valid, "", writesBehind(true)},
	}
	for _, s := range []scenario{
		{"the log has each contender of a read-write lock", "log", Valid, "", holding(12)},
		{"a writer's token that is no contender's", "log", Violation, "no contender that the client created there", holding(12).Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 301, Release: 302, Token: checktest.Token(1)})},
	} {
		s.record.Header.Model = objects.RWLock.Name
		all = append(all, s)
	}
	return all
}

func init() {
	scenarios = append(scenarios, rwScenarios()...)
	logScenarios = append(logScenarios, loggedRWLocks()...)
	generators[objects.RWLock.Name] = checktest.GenerateReadWrite
}

func TestReadWriteAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.RWLock.Name, 0, true, checktest.GenerateReadWrite)
}

func TestReadWriteTokensAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.RWLock.Name, 1, true, checktest.GenerateReadWrite)
}

// Holders that were asked, but did not listen for long enough, show nothing about whether
// holders hear a revocation.
func TestNobodyHeard(t *testing.T) {
	r := checktest.RWLock().Phases(0, 100, 200).Proof(0, 1, 205).Reads(checktest.Grant{Client: 0, Inv: 210, Ret: 220, Release: 20000, Token: 1})
	for i := range 3 {
		r.Revoke(1, 300+200*i).Listen(0, 250+200*i, 400+200*i, false)
	}
	for _, v := range Run(t.Context(), r.Build(), Options{}).Verdicts {
		if v.Property == "revocation" && v.Result != Unknown {
			t.Errorf("%v, though nobody heard anything", v.Result)
		}
	}
}
