package checker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// semaphoreScenarios returns scenarios written by hand. Two leases can be held in more
// than one way.
func semaphoreScenarios() []scenario {
	hold := func(client, inv, ret, release int, ticket history.ID) checktest.Grant {
		return checktest.Grant{Client: client, Inv: inv, Ret: ret, Release: release, Token: ticket}
	}
	two := func() *checktest.Record {
		return checktest.Semaphore(2).Hold(hold(0, 10, 20, 50, 1)).Hold(hold(1, 10, 21, 60, 2))
	}
	dying := func(inv, ret, alive int, ticket history.ID) checktest.Grant {
		return checktest.Grant{Client: 2, Inv: inv, Ret: ret, Release: ret + 40, Token: ticket, Alive: alive, Outcome: history.Fail}
	}
	all := []scenario{
		{"three of two leases", "bound", Violation, "client 2 was granted a lease of k at 0.030 s with token 0x3 while all 2 were held by clients 0 and 1 until at least 0.050 s", two().Hold(hold(2, 12, 30, 70, 3))},
		{"two of two leases", "bound", Valid, "", two()},
		{"a third when the first is given back", "bound", Valid, "", two().Hold(hold(2, 12, 50, 70, 3))},
		{"two of one lease", "bound", Violation, "while the only one was held by client 0", checktest.Semaphore(1).Hold(hold(0, 10, 20, 50, 1)).Hold(hold(1, 10, 21, 60, 2))},
		{"how many leases is not told", "bound", Unknown, "does not say how many leases", checktest.Semaphore(0).Hold(hold(0, 10, 20, 50, 1))},
		{"a third whose session may be dead", "bound", Valid, "", two().Hold(dying(12, 30, 15, 3)).Session(35, dead, 2, 3)},
		{"a third that can only have been granted while both were held", "bound", Violation, "at some moment from 0.031 s to 0.045 s with token 0x3, and all that time all 2 were held by clients 0 and 1", two().Hold(dying(30, 48, 31, 3)).Session(45, dead, 2, 3)},
		{"a third for which there was room between two others", "bound", Valid, "", checktest.Semaphore(2).Hold(hold(0, 10, 20, 100, 1)).Hold(hold(1, 10, 21, 40, 2)).Hold(hold(1, 46, 50, 100, 4)).Hold(dying(30, 90, 31, 3)).Session(85, dead, 2, 3)},
		{"a third at the moment at which one lease goes from hand to hand", "bound", Valid, "", checktest.Semaphore(2).Hold(hold(0, 10, 20, 100, 1)).Hold(hold(1, 10, 21, 50, 2)).Hold(hold(3, 10, 50, 100, 4)).Hold(dying(30, 90, 31, 3)).Session(85, dead, 2, 3)},
		{"a grant on a session that was dead before the call", "bound", Violation, "on a session that was dead by 0.022 s", checktest.Semaphore(2).Hold(dying(40, 60, 15, 1)).Session(22, dead, 2, 3)},

		{"granted in the order of tickets", "fair", Valid, "", two().Hold(hold(2, 12, 51, 70, 3))},
		{"returned in another order", "fair", Valid, "", checktest.Semaphore(2).Hold(hold(0, 10, 30, 50, 1)).Hold(hold(1, 10, 20, 60, 2))},
		{"one who came later was first", "fair", Violation, "before client 1, which has the lower ticket 0x1, asked for one at 0.030 s", checktest.Semaphore(2).Hold(hold(0, 10, 20, 50, 2)).Hold(hold(1, 30, 40, 60, 1))},
		{"got the ticket by a call that it gave up", "fair", Valid, "", checktest.Semaphore(2).Refused(1, 5, 9).Hold(hold(0, 10, 20, 25, 2)).Hold(hold(1, 30, 40, 60, 1))},
		{"gave up a call, and another one before", "fair", Violation, "before client 1, which has the lower ticket 0x2, asked for one at 0.030 s", checktest.Semaphore(2).Refused(1, 5, 7).Hold(hold(1, 8, 9, 9, 1)).Hold(hold(0, 10, 20, 25, 3)).Hold(hold(1, 30, 40, 60, 2))},
		{"one ticket twice", "fair", Violation, "with the same ticket 0x1", checktest.Semaphore(2).Hold(hold(0, 10, 20, 50, 1)).Hold(hold(1, 30, 40, 60, 1))},
		{"one who came later had the lease", "fair", Violation, "client 2 was granted a lease of k by 0.040 s with token 0x4, but clients 0 and 1 come before it by lower tickets, and held all 2 until at least 0.080 s", checktest.Semaphore(2).Hold(hold(0, 30, 50, 80, 2)).Hold(hold(1, 30, 51, 81, 3)).Hold(hold(2, 10, 40, 45, 4)).Hold(hold(3, 5, 39, 43, 1))},

		{"never says that the lease is lost", "lost", Violation, "was not reported lost", checktest.Semaphore(2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Fact(5000, history.FEnd, nil)},
		{"says in time that the lease is lost", "lost", Valid, "", checktest.Semaphore(2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).Session(100, expired, 0, 1).Lost(1000, 0, 1, 1).Fact(5000, history.FEnd, nil)},

		{"a lease is free, and one waits", "progress", Violation, "fewer than 2 clients held it", checktest.Semaphore(2).Phases(0, 100, 200).Hold(hold(1, 210, 220, 9000, 1)).Call(0, objects.FAcquire, 300, 300+bound+200, history.Info).KeyFact(9500, history.FFinal, "k", objects.Final{})},
		{"no lease is free", "progress", Valid, "", checktest.Semaphore(2).Phases(0, 100, 200).Hold(hold(1, 210, 220, 9000, 1)).Hold(hold(2, 210, 221, 9000, 2)).Call(0, objects.FAcquire, 300, 8900, history.Info).KeyFact(9500, history.FFinal, "k", objects.Final{})},
	}
	return all
}

// linedUp returns a record of a grant of one of two leases; the log shows whether one of the
// two contenders ahead was gone.
func linedUp(gone bool) *checktest.Record {
	r := checktest.Semaphore(2).Call(0, objects.FAcquire, 5, 100, history.Info).Call(2, objects.FAcquire, 5, 100, history.Info).
		Hold(checktest.Grant{Client: 1, Inv: 6, Ret: 20, Release: 30, Token: checktest.Token(6)}).
		Saw(1, 0, 1, 1).Saw(1, 1, 2, 1).Saw(1, 2, 3, 1).Saw(25, 1, 8, 22)
	r.Opens(1).Opens(2).Opens(3).Stands(1, 0).Stands(3, 1).Stands(2, 2) // 1 to 6
	if gone {
		return r.Leaves(1, 1, 0).Touches(2)
	}
	return r.Touches(2).Touches(2).Leaves(1, 1, 0)
}

// loggedSemaphores lists scenarios in which the log shows what the clocks do not.
func loggedSemaphores() []scenario {
	all := []scenario{
		{"two of two ahead", "grant", Violation, "2 contenders of other clients, created before it, were still ahead of it", linedUp(false)},
		{"one of two ahead was gone", "grant", Valid, "", linedUp(true)},
	}
	for _, s := range []scenario{
		{"the log has each contender of a semaphore", "log", Valid, "", holding(12)},
		{"a ticket that is no contender's", "log", Violation, "no contender that the client created there", holding(12).Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 301, Release: 302, Token: checktest.Token(1)})},
	} {
		s.record.Header.Model, s.record.Header.Params.Leases = objects.Semaphore.Name, 1
		all = append(all, s)
	}
	return all
}

func init() {
	scenarios = append(scenarios, semaphoreScenarios()...)
	logScenarios = append(logScenarios, loggedSemaphores()...)
	showsHolds = append(showsHolds, "bound", "fair")
	generators[objects.Semaphore.Name] = checktest.GenerateLeases
}

func TestLeasesAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Semaphore.Name, 0, true, checktest.GenerateLeases)
}

func TestFairLeasesAgreeWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Semaphore.Name, 1, true, checktest.GenerateLeases)
}

// goesOn returns a record of a client that was granted one of two leases in session 1 or in session
// 11, was told of the end of 1, and said at 3.500 s that it holds. Two others have the next
// tickets; the last of them was granted by 2.000 s, so that both had leases then, and still have at
// 3.500 s.
func goesOn() *checktest.Record {
	return checktest.Semaphore(2).Session(2000, expired, 0, 1).
		Hold(checktest.Grant{Client: 0, Inv: 1250, Ret: 2250, Release: -1, Session: 11, Was: 1, Token: 1, Alive: 3600}).
		Hold(checktest.Grant{Client: 1, Inv: 1250, Ret: 2000, Release: 3750, Token: 3}).
		Hold(checktest.Grant{Client: 2, Inv: 500, Ret: 3750, Release: 5000, Token: 2})
}

// Only the reference model considers that a hold goes on in a newer session, with the ticket
// that it had in the older one.
func TestReferenceRefinesFair(t *testing.T) {
	h := goesOn().Confirm(0, 3500, true, 1, 11).Build()
	for _, property := range []string{"bound", "fair"} {
		if f := decideOne(t, h, property, nil); f.Result == Violation {
			t.Errorf("%s: the fast check alone: %+v", property, f)
		}
	}
	rep := Run(t.Context(), h, Options{})
	if rep.Verdict != Violation || !strings.Contains(fmt.Sprint(rep.Verdicts), "only porcupine found this") {
		t.Errorf("%+v", rep)
	}
	if rep := Run(t.Context(), goesOn().Build(), Options{}); rep.Verdict == Violation {
		t.Errorf("who says nothing in the newer session: %+v", rep)
	}
}
