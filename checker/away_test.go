package checker

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
)

// exited adds the end of a client's process, started its beginning.
func (r *record) exited(t, client int, by string) *record {
	return r.add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FExited,
		Value: history.Value(history.Exited{By: by, Detail: "printed garbage"}),
	})
}

func (r *record) started(t, client int) *record {
	return r.add(t, history.Event{Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FStarted})
}

// fault adds one that took effect on a client from one moment to the other.
func (r *record) fault(kind string, from, to, client int) *record {
	number := len(r.events) + 1
	for _, s := range []struct {
		at   int
		step string
	}{{from, history.StepInject}, {from + 1, history.StepVerified}, {to, history.StepHealed}} {
		v := history.FaultStep{Fault: number, Step: s.step, Clients: []int{client}, Holding: []string{"holding"}}
		if s.step == history.StepInject {
			v.Clients, v.Holding = nil, nil // nobody knows yet whom it will hit
		}
		r.fact(s.at, kind, v)
	}
	return r
}

func remote() *record {
	return ours(history.ModelLock, history.Params{Clients: 3}).offers(history.Offers{Fencing: true, TellsLost: true, Remote: true})
}

// connected and disconnected add facts of a client's connection.
func (r *record) connected(t, client int, s history.ID) *record {
	return r.session(t, history.FConnected, client, s)
}

// waits is somebody who waits from one moment to the other, and then gives up.
func (r *record) waits(client, from, to int, s history.ID) *record {
	return r.op(opArgs{client: client, f: history.FAcquire, key: "k", inv: from, ret: to, outcome: history.Info, session: s})
}

// cutShort is a wait of which the end of the client's process is the end.
func (r *record) cutShort(client, from, to int, s history.ID) *record {
	e := history.Event{Process: history.Process(client), Client: client, Type: history.Invoke, F: history.FAcquire, Key: "k", Session: s}
	r.add(from, e)
	e.Type, e.Error = history.Info, &history.Error{Code: "process", Message: "printed garbage"}
	return r.add(to, e)
}

// Clients that are stopped, killed and started again, or cannot be heard.
var awayScenarios = []scenario{
	// Told of its expiry.
	{
		"told while it was stopped, and says so when it goes on", "lost", Valid, "",
		remote().fault("freeze", 50, 6000, 0).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(3000, expired, 0, 1).lost(6300, 0, 1, 1).fact(9000, history.FEnd, nil),
	},
	{
		"told while it was stopped, and answers once that it holds", "lost", Valid, "",
		remote().fault("freeze", 50, 6000, 0).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(3000, expired, 0, 1).confirm(0, 6100, true, 1, 1).lost(6300, 0, 1, 1).fact(9000, history.FEnd, nil),
	},
	{
		"told while it was stopped, and goes on to hold", "lost", Violation, "said at 7.200 s that it still holds",
		remote().fault("freeze", 50, 6000, 0).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(3000, expired, 0, 1).confirm(0, 7200, true, 1, 9),
	},
	{
		"another one was stopped", "lost", Violation, "only at 6.300 s",
		remote().fault("freeze", 50, 6000, 1).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(3000, expired, 0, 1).lost(6300, 0, 1, 1),
	},
	{
		"told over a link that then stalled", "lost", Valid, "",
		remote().fault("stall-link", 2000, 6000, 0).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(3000, expired, 0, 1).lost(6300, 0, 1, 1).fact(9000, history.FEnd, nil),
	},
	{
		"killed before it had to say so", "lost", Valid, "",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(100, expired, 0, 1).exited(600, 0, history.ByCrash).fact(9000, history.FEnd, nil),
	},
	{
		"had long been told when it was killed", "lost", Violation, "by 3.000 s its hold of k with token 0x1 was not reported lost",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 25}).
			session(100, expired, 0, 1).exited(3000, 0, history.ByCrash).fact(9000, history.FEnd, nil),
	},

	// Held by a process that was killed.
	{
		"the belief of one that was killed ends there", "belief", Valid, "",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1}).exited(50, 0, history.ByCrash).
			hold(grant{client: 1, inv: 30, ret: 60, release: 80, token: 2}),
	},
	{
		"believed together until one was killed", "belief", Violation, "for 0.010 s both",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1}).exited(50, 0, history.ByCrash).
			hold(grant{client: 1, inv: 30, ret: 40, release: 80, token: 2}),
	},
	{
		"a grant that was read after its process was killed", "belief", Valid, "",
		remote().hold(grant{client: 0, inv: 10, ret: 52, release: -1, token: 1, alive: 20}).exited(50, 0, history.ByCrash).
			hold(grant{client: 1, inv: 30, ret: 60, release: 80, token: 2}),
	},
	{
		"one that was killed holds until its session is dead", "exclusion", Violation, "while client 0 held it from 0.020 s until at least 0.070 s",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 70}).exited(80, 0, history.ByCrash).
			hold(grant{client: 1, inv: 30, ret: 60, release: 90, token: 2}),
	},
	{
		"the session of one that was killed is dead at some time", "exclusion", Valid, "",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1, alive: 70}).exited(80, 0, history.ByCrash).
			hold(grant{client: 1, inv: 30, ret: 4000, release: 4010, token: 2}),
	},
	{
		"the loss in another process had not been heard of at the release", "exclusion", Valid, "",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: 90, token: 1, alive: 95}).confirm(0, 25, true, 1, 1).
			hold(grant{client: 1, inv: 11, ret: 40, release: 100, token: 2}),
	},
	{
		"another process said that it held", "exclusion", Violation, "while client 0 held it from 0.020 s until at least 0.060 s",
		remote().hold(grant{client: 0, inv: 10, ret: 20, release: 90, token: 1, alive: 95}).confirm(0, 60, true, 1, 1).
			hold(grant{client: 1, inv: 11, ret: 40, release: 100, token: 2}),
	},

	// Waiting, after heal, with and for processes that were killed.
	{
		"waits until the session of a killed holder is dead", "progress", Valid, "",
		remote().phases(0, 1, 2).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1}).exited(1000, 0, history.ByCrash).
			hold(grant{client: 1, inv: 30, ret: 7900, release: 7950, token: 2}).keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"waits for a killed holder for ever", "progress", Violation, "nobody held it from 1.000 s to 9.000 s",
		remote().phases(0, 1, 2).hold(grant{client: 0, inv: 10, ret: 20, release: -1, token: 1}).exited(1000, 0, history.ByCrash).
			waits(1, 30, 9000, 2).keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"who was killed waits no more", "progress", Valid, "",
		remote().phases(0, 1, 2).waits(0, 30, -1, 1).exited(1000, 0, history.ByCrash).
			keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"waits in a process that does not run", "progress", Valid, "",
		remote().phases(0, 1, 2).exited(20, 0, history.ByCrash).waits(0, 30, 9000, 1).
			keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"waits in a process that was started again", "progress", Violation, "client 0 waited for k",
		remote().phases(0, 1, 2).connected(5, 0, 1).session(10, history.FDisconnected, 0, 1).exited(11, 0, history.ByCrash).
			connected(20, 0, 9).started(21, 0).waits(0, 30, 9000, 9).
			keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"dropped out, and may have hung since it last answered", "progress", Valid, "",
		remote().phases(0, 1, 2).connected(5, 0, 1).call(0, history.FAcquire, 10, 20, history.OK).call(0, history.FRelease, 25, 30, history.OK).
			cutShort(0, 40, 9002, 1).exited(9001, 0, history.ByItself).keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"dropped out, and what it was at was recorded before that", "progress", Valid, "",
		remote().phases(0, 1, 2).connected(5, 0, 1).call(0, history.FAcquire, 10, 20, history.OK).call(0, history.FRelease, 25, 30, history.OK).
			cutShort(0, 40, 9000, 1).exited(9001, 0, history.ByItself).keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"answered that it has no turn, and dropped out only then", "progress", Violation, "client 0 waited for k",
		remote().phases(0, 1, 2).connected(5, 0, 1).waits(0, 40, 9000, 1).exited(9001, 0, history.ByItself).
			keyFact(20000, history.FFinal, "k", history.Final{}),
	},
	{
		"what a killed contender left goes with its session", "progress", Unknown, "still stood in line",
		remote().phases(0, 1, 2).waits(0, 30, 1001, 1).exited(1000, 0, history.ByCrash).
			keyFact(3000, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "lock-1", Owner: 1}}}),
	},
	{
		"what a killed contender left stays", "progress", Violation, "still stood in line",
		remote().phases(0, 1, 2).waits(0, 30, -1, 1).exited(1000, 0, history.ByCrash).
			keyFact(9000, history.FFinal, "k", history.Final{Contenders: []history.Contender{{Name: "lock-1", Owner: 1}}}),
	},

	// In a double barrier.
	{
		"leaves when the session of a killed member is dead", "progress", Valid, "",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).
			exited(50, 1, history.ByCrash).call(0, history.FLeave, 30, 6000, history.OK),
	},
	{
		"cannot leave, though the other member was killed", "progress", Violation, "client 0 waited to leave",
		gates(2).phases(0, 1, 2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).
			exited(50, 1, history.ByCrash).call(0, history.FLeave, 30, 9000, history.Fail),
	},
	{
		"left while a member that was killed was inside", "leave", Violation, "client 1 was inside",
		gates(2).call(0, history.FEnter, 10, 20, history.OK).call(1, history.FEnter, 10, 20, history.OK).
			proof(1, 2, 60).exited(70, 1, history.ByCrash).call(0, history.FLeave, 30, 40, history.OK),
	},

	// A coordinator that was killed, and items in delivery.
	{
		"a lift of which nobody knows", "early", Valid, "",
		barrier().call(0, history.FRaise, 1, 5, history.OK).call(0, history.FLift, 20, 25, history.Info).exited(24, 0, history.ByCrash).
			call(1, history.FAwait, 22, 40, history.OK),
	},
	{
		"a barrier that was raised by one who is gone", "early", Violation, "and never lifted",
		barrier().call(0, history.FRaise, 1, 5, history.OK).exited(8, 0, history.ByCrash).call(1, history.FAwait, 22, 40, history.OK),
	},
	{
		"an item in delivery to a process that was killed", "loss", Valid, "",
		queue().put(0, 1, 2, "a", history.OK).take(1, 3, 8, "", history.Info).exited(7, 1, history.ByCrash).
			keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
	{
		"two items lost with one process", "loss", Violation, "only 1 dequeue",
		queue().put(0, 1, 2, "a", history.OK).put(0, 3, 4, "b", history.OK).take(1, 5, 8, "", history.Info).exited(7, 1, history.ByCrash).
			keyFact(20, history.FDrained, "k", history.Drained{Empty: true}),
	},
}

func TestAwayClients(t *testing.T) { decideAll(t, awayScenarios) }

// A client that dropped out makes nothing valid, and nothing a violation.
func TestDroppedClients(t *testing.T) {
	r := good(history.ModelLock, 40).exited(5, 2, history.ByItself)
	rep := Run(t.Context(), r.build(), Options{})
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
	r = good(history.ModelLock, 40).exited(5, 2, history.ByItself).
		hold(grant{client: 0, inv: 3000, ret: 3010, release: 3100, token: 100}).
		hold(grant{client: 1, inv: 3000, ret: 3020, release: 3090, token: 101})
	if rep := Run(t.Context(), r.build(), Options{}); rep.Verdict != Violation {
		t.Errorf("two holders after a client dropped out: %s", rep.Verdict)
	}
}

// Time in which a holder was stopped, or was gone, cannot be proven, and does not
// count; a crash that hit a holder must have ended a hold.
func TestExerciseOfProcesses(t *testing.T) {
	frozen := good(history.ModelLock, 40).fault("freeze", 3000, 9500, 0).
		hold(grant{client: 0, inv: 2990, ret: 2999, release: 9600, token: 100, alive: 3000, outcome: history.Info}).
		session(9501, expired, 0, 1)
	if why := exclusionOf(t, frozen); why != "" {
		t.Errorf("with a hold that was stopped: %s", why)
	}
	unhit := good(history.ModelLock, 40).fault("crash", 3000, 9500, 0)
	if why := exclusionOf(t, unhit); !strings.Contains(why, "no hold ended by the death") {
		t.Errorf("with a crash of a holder that ended no hold: %q", why)
	}
	hit := good(history.ModelLock, 40).fault("crash", 3000, 9500, 0).
		hold(grant{client: 0, inv: 2990, ret: 2999, release: -1, token: 100, alive: 3000}).exited(3005, 0, history.ByCrash)
	if why := exclusionOf(t, hit); why != "" {
		t.Errorf("with a hold that a crash ended: %s", why)
	}
	short := good(history.ModelLock, 40).fault("freeze", 3000, 3500, 0)
	if why := exclusionOf(t, short); why != "" {
		t.Errorf("with a stop that is shorter than a session: %s", why)
	}
}

// exclusionOf is why a record leaves exclusion undecided.
func exclusionOf(t *testing.T, r *record) string {
	t.Helper()
	for _, v := range Run(t.Context(), r.build(), Options{}).Verdicts {
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

// What is known of a client's absences.
func TestAbsences(t *testing.T) {
	h := remote().fault("freeze", 100, 300, 0).fault("slow-link", 200, 400, 1).
		exited(1000, 0, history.ByCrash).started(1500, 0).exited(2000, 0, history.ByCrash).fact(9000, history.FEnd, nil).build()
	a := analyse(t.Context(), h, history.ModelLock, nil)
	for _, tt := range []struct {
		client, from, to, absent int
	}{
		{0, 0, 50, 0},
		{0, 0, 1000, 200},
		{0, 0, 2000, 700},
		{0, 0, 3000, 1700},
		{2, 0, 9000, 0},
	} {
		s := span{time.Duration(tt.from) * ms, time.Duration(tt.to) * ms}
		if got := a.absent(tt.client, s); got != time.Duration(tt.absent)*ms {
			t.Errorf("client %d was absent for %s of %d to %d ms, want %d ms", tt.client, got, tt.from, tt.to, tt.absent)
		}
	}
	if x, _ := a.exitAfter(0, 1000*ms+1); x != 2000*ms {
		t.Errorf("the end after 1 s is at %s", x)
	}
}
