package checker

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// Clients that are stopped, killed and started again, or cannot be heard.
var awayScenarios = []scenario{
	// A client is told of its expiry.
	{
		"told while it was stopped, and says so when it goes on", "lost", Valid, "",
		checktest.Remote().Fault("freeze", 50, 6000, 0).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(3000, expired, 0, 1).Lost(6300, 0, 1, 1).Fact(9000, history.FEnd, nil),
	},
	{
		"told while it was stopped, and answers once that it holds", "lost", Valid, "",
		checktest.Remote().Fault("freeze", 50, 6000, 0).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(3000, expired, 0, 1).Confirm(0, 6100, true, 1, 1).Lost(6300, 0, 1, 1).Fact(9000, history.FEnd, nil),
	},
	{
		"told while it was stopped, and goes on to hold", "lost", Violation, "said at 7.200 s that it still holds",
		checktest.Remote().Fault("freeze", 50, 6000, 0).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(3000, expired, 0, 1).Confirm(0, 7200, true, 1, 9),
	},
	{
		"another one was stopped", "lost", Violation, "only at 6.300 s",
		checktest.Remote().Fault("freeze", 50, 6000, 1).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(3000, expired, 0, 1).Lost(6300, 0, 1, 1),
	},
	{
		"told over a link that then stalled", "lost", Valid, "",
		checktest.Remote().Fault("stall-link", 2000, 6000, 0).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(3000, expired, 0, 1).Lost(6300, 0, 1, 1).Fact(9000, history.FEnd, nil),
	},
	{
		"killed before it had to say so", "lost", Valid, "",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(100, expired, 0, 1).Exited(600, 0, history.ByCrash).Fact(9000, history.FEnd, nil),
	},
	{
		"had long been told when it was killed", "lost", Violation, "by 3.000 s its hold of k with token 0x1 was not reported lost",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(100, expired, 0, 1).Exited(3000, 0, history.ByCrash).Fact(9000, history.FEnd, nil),
	},

	// A killed process held something.
	{
		"the belief of one that was killed ends there", "belief", Valid, "",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1}).Exited(50, 0, history.ByCrash).
			Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 60, Release: 80, Token: 2}),
	},
	{
		"believed together until one was killed", "belief", Violation, "both for 0.010 s",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1}).Exited(50, 0, history.ByCrash).
			Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 40, Release: 80, Token: 2}),
	},
	{
		"a grant that was read after its process was killed", "belief", Valid, "",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 52, Release: -1, Token: 1, Alive: 20}).Exited(50, 0, history.ByCrash).
			Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 60, Release: 80, Token: 2}),
	},
	{
		"one that was killed holds until its session is dead", "exclusion", Violation, "while client 0 held it from 0.020 s until at least 0.070 s",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 70}).Exited(80, 0, history.ByCrash).
			Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 60, Release: 90, Token: 2}),
	},
	{
		"the session of one that was killed is dead at some time", "exclusion", Valid, "",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 70}).Exited(80, 0, history.ByCrash).
			Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 4000, Release: 4010, Token: 2}),
	},
	{
		"the loss in another process had not been heard of at the release", "exclusion", Valid, "",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Token: 1, Alive: 95}).Confirm(0, 25, true, 1, 1).
			Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 100, Token: 2}),
	},
	{
		"another process said that it held", "exclusion", Violation, "while client 0 held it from 0.020 s until at least 0.060 s",
		checktest.Remote().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Token: 1, Alive: 95}).Confirm(0, 60, true, 1, 1).
			Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 40, Release: 100, Token: 2}),
	},

	// After the heal, clients wait with and for processes that were killed.
	{
		"waits until the session of a killed holder is dead", "progress", Valid, "",
		checktest.Remote().Phases(0, 1, 2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1}).Exited(1000, 0, history.ByCrash).
			Hold(checktest.Grant{Client: 1, Inv: 30, Ret: 7900, Release: 7950, Token: 2}).KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"waits for a killed holder for ever", "progress", Violation, "no client held it from 1.000 s to 9.000 s",
		checktest.Remote().Phases(0, 1, 2).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1}).Exited(1000, 0, history.ByCrash).
			Waits(1, 30, 9000, 2).KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"who was killed waits no more", "progress", Valid, "",
		checktest.Remote().Phases(0, 1, 2).Waits(0, 30, -1, 1).Exited(1000, 0, history.ByCrash).
			KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"waits in a process that does not run", "progress", Valid, "",
		checktest.Remote().Phases(0, 1, 2).Exited(20, 0, history.ByCrash).Waits(0, 30, 9000, 1).
			KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"waits in a process that was started again", "progress", Violation, "client 0 waited for k",
		checktest.Remote().Phases(0, 1, 2).Connected(5, 0, 1).Session(10, history.FDisconnected, 0, 1).Exited(11, 0, history.ByCrash).
			Connected(20, 0, 9).Started(21, 0).Waits(0, 30, 9000, 9).
			KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"dropped out, and may have hung since it last answered", "progress", Valid, "",
		checktest.Remote().Phases(0, 1, 2).Connected(5, 0, 1).Call(0, objects.FAcquire, 10, 20, history.OK).Call(0, objects.FRelease, 25, 30, history.OK).
			CutShort(0, 40, 9002, 1).Exited(9001, 0, history.ByItself).KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"dropped out, and what it was at was recorded before that", "progress", Valid, "",
		checktest.Remote().Phases(0, 1, 2).Connected(5, 0, 1).Call(0, objects.FAcquire, 10, 20, history.OK).Call(0, objects.FRelease, 25, 30, history.OK).
			CutShort(0, 40, 9000, 1).Exited(9001, 0, history.ByItself).KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"answered that it has no turn, and dropped out only then", "progress", Violation, "client 0 waited for k",
		checktest.Remote().Phases(0, 1, 2).Connected(5, 0, 1).Waits(0, 40, 9000, 1).Exited(9001, 0, history.ByItself).
			KeyFact(20000, history.FFinal, "k", objects.Final{}),
	},
	{
		"what a killed contender left goes with its session", "progress", Unknown, "still stood in line",
		checktest.Remote().Phases(0, 1, 2).Waits(0, 30, 1001, 1).Exited(1000, 0, history.ByCrash).
			KeyFact(3000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "lock-1", Owner: 1}}}),
	},
	{
		"what a killed contender left stays", "progress", Violation, "still stood in line",
		checktest.Remote().Phases(0, 1, 2).Waits(0, 30, -1, 1).Exited(1000, 0, history.ByCrash).
			KeyFact(9000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "lock-1", Owner: 1}}}),
	},

	// In a double barrier.
	{
		"leaves when the session of a killed member is dead", "progress", Valid, "",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).
			Exited(50, 1, history.ByCrash).Call(0, objects.FLeave, 30, 6000, history.OK),
	},
	{
		"cannot leave, though the other member was killed", "progress", Violation, "client 0 waited to leave",
		checktest.DoubleBarrier(2).Phases(0, 1, 2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).
			Exited(50, 1, history.ByCrash).Call(0, objects.FLeave, 30, 9000, history.Fail),
	},
	{
		"left while a member that was killed was inside", "leave", Violation, "client 1 was inside",
		checktest.DoubleBarrier(2).Call(0, objects.FEnter, 10, 20, history.OK).Call(1, objects.FEnter, 10, 20, history.OK).
			Proof(1, 2, 60).Exited(70, 1, history.ByCrash).Call(0, objects.FLeave, 30, 40, history.OK),
	},

	// A coordinator was killed, and items were being delivered.
	{
		"a lift of which nobody knows", "early", Valid, "",
		checktest.Barrier().Call(0, objects.FRaise, 1, 5, history.OK).Call(0, objects.FLift, 20, 25, history.Info).Exited(24, 0, history.ByCrash).
			Call(1, objects.FAwait, 22, 40, history.OK),
	},
	{
		"a barrier that was raised by one who is gone", "early", Violation, "and never lifted",
		checktest.Barrier().Call(0, objects.FRaise, 1, 5, history.OK).Exited(8, 0, history.ByCrash).Call(1, objects.FAwait, 22, 40, history.OK),
	},
	{
		"an item in delivery to a process that was killed", "loss", Valid, "",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 8, "", history.Info).Exited(7, 1, history.ByCrash).
			KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
	{
		"two items lost with one process", "loss", Violation, "only 1 dequeue",
		checktest.Queue().Put(0, 1, 2, "a", history.OK).Put(0, 3, 4, "b", history.OK).Take(1, 5, 8, "", history.Info).Exited(7, 1, history.ByCrash).
			KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true}),
	},
}

func TestAwayClients(t *testing.T) { decideAll(t, awayScenarios) }

// A client that dropped out makes nothing valid, and nothing a violation.
func TestDroppedClients(t *testing.T) {
	r := checktest.Good(objects.Lock.Name, 40).Exited(5, 2, history.ByItself)
	rep := Run(t.Context(), r.Build(), Options{})
	if rep.Verdict != Unknown {
		t.Errorf("verdict %s", rep.Verdict)
	}
	var met bool
	var text string
	for _, a := range rep.Assumptions {
		if a.Name == "clients" {
			met, text = a.Met, a.Text
		}
	}
	if met || !strings.Contains(text, "client 2 dropped out at 0.005 s: printed garbage") {
		t.Errorf("clients: met %v: %q", met, text)
	}
	r = checktest.Good(objects.Lock.Name, 40).Exited(5, 2, history.ByItself).
		Hold(checktest.Grant{Client: 0, Inv: 3000, Ret: 3010, Release: 3100, Token: 100}).
		Hold(checktest.Grant{Client: 1, Inv: 3000, Ret: 3020, Release: 3090, Token: 101})
	if rep := Run(t.Context(), r.Build(), Options{}); rep.Verdict != Violation {
		t.Errorf("two holders after a client dropped out: %s", rep.Verdict)
	}
}

// Time in which a holder was stopped or gone cannot be proven, and does not count. A
// crash that was requested and hit a holder must have ended a hold.
func TestExerciseOfProcesses(t *testing.T) {
	frozen := checktest.Good(objects.Lock.Name, 40).Fault("freeze", 3000, 9500, 0).
		Hold(checktest.Grant{Client: 0, Inv: 2990, Ret: 2999, Release: 9600, Token: 100, Alive: 3000, Outcome: history.Info}).
		Session(9501, expired, 0, 1)
	if why := exclusionOf(t, meetsAfter(frozen)); why != "" {
		t.Errorf("with a hold that was stopped: %s", why)
	}
	unhit := checktest.Good(objects.Lock.Name, 40).Fault("crash", 3000, 9500, 0)
	if why := exclusionOf(t, meetsAfter(unhit)); why != "" {
		t.Errorf("with a crash that nobody had asked for: %s", why)
	}
	unhit = checktest.Good(objects.Lock.Name, 40).Fault("crash", 3000, 9500, 0)
	unhit.Header.Params.Expects = []string{"crash"}
	if why := exclusionOf(t, meetsAfter(unhit)); !strings.Contains(why, "no hold ended by the death") {
		t.Errorf("with a crash of a holder that ended no hold: %q", why)
	}
	hit := checktest.Good(objects.Lock.Name, 40).Fault("crash", 3000, 9500, 0).
		Hold(checktest.Grant{Client: 0, Inv: 2990, Ret: 2999, Release: -1, Token: 100, Alive: 3000}).Exited(3005, 0, history.ByCrash)
	if why := exclusionOf(t, meetsAfter(hit)); why != "" {
		t.Errorf("with a hold that a crash ended: %s", why)
	}
	short := checktest.Good(objects.Lock.Name, 40).Fault("freeze", 3000, 3500, 0)
	if why := exclusionOf(t, meetsAfter(short)); why != "" {
		t.Errorf("with a stop that is shorter than a session: %s", why)
	}
}

// meetsAfter lets the load of a record go on, so that another acquire meets a holder in it after the faults.
func meetsAfter(r *checktest.Record) *checktest.Record {
	for i := range r.Events {
		if e := &r.Events[i]; e.Process == history.Nemesis && e.Time > 0 && slices.Contains([]string{history.FPhase, history.FHealth, history.FEnd}, e.F) {
			e.Time += 10 * time.Second
		}
	}
	return r.Hold(checktest.Grant{Client: 1, Inv: 9700, Ret: 9710, Release: 9750, Token: 200}).Hold(checktest.Grant{Client: 2, Inv: 9720, Ret: 9760, Release: 9770, Token: 201})
}

// exclusionOf returns the reason why a record leaves exclusion undecided.
func exclusionOf(t *testing.T, r *checktest.Record) string {
	t.Helper()
	for _, v := range Run(t.Context(), r.Build(), Options{}).Verdicts {
		if v.Property == "exclusion" {
			if v.Result == Violation {
				t.Fatal(v.Reason)
			}
			return v.Reason
		}
	}
	t.Fatal("no verdict of exclusion")
	return ""
}
