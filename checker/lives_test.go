package checker

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// What a process created, and what it was granted, belongs to that process of the client, and
// ends with it.
func TestEvidenceIsOfProcesses(t *testing.T) {
	// restarted kills the process of client 1 while its znode exists, and starts another process.
	restarted := func() *checktest.Record {
		return turns().Stands(2, 12).Saw(250, 1, 27, 249).
			Exited(260, 1, history.ByCrash).Started(270, 1).Opens(7).Session(275, history.FConnected, 1, 7)
	}
	again := func(r *checktest.Record) *checktest.Record {
		return r.Saw(320, 0, r.Zxid-checktest.Epoch, 319).
			Hold(checktest.Grant{Client: 1, Inv: 300, Ret: 330, Release: 340, Session: 7})
	}
	// crashed kills the process of client 1 while it holds; another client removes what the process
	// left.
	crashed := func(exits bool) *checktest.Record {
		r := turns().Stands(2, 12).Saw(255, 1, 27, 251).Hold(checktest.Grant{Client: 1, Inv: 250, Ret: 256, Release: -1, Alive: 400})
		if exits {
			r.Exited(260, 1, history.ByCrash)
		}
		r.Leaves(1, 2, 12).Stands(1, 13).Saw(275, 0, r.Zxid-checktest.Epoch, 271)
		r.Hold(checktest.Grant{Client: 0, Inv: 270, Ret: 280, Release: 290})
		return r.Touches(2).Saw(410, 0, r.Zxid-checktest.Epoch, 405)
	}
	decideAll(t, []scenario{
		{"it rests on what a killed process left", "grant", Violation, "the only mark is c2-lock-0000000012 of session 0x2, whose process was killed at 0.260 s", rooted(again(restarted()))},
		{"it made its own", "grant", Valid, "", rooted(again(restarted().Stands(7, 13)))},
		{"it took over what a killed process left", "grant", Valid, "", rooted(again(restarted().Txn(history.Txn{Type: "setData", Session: 7, Path: "/k/c2-lock-0000000012"})))},
		{"a killed process holds nothing", "exclusion", Valid, "", rooted(crashed(true))},
		{"a process that lives holds on", "exclusion", Violation, "while client 1 held it", rooted(crashed(false))},
		{"what a killed process left may go", "own-znodes", Valid, "", rooted(crashed(true))},
		{"what a process that lives made may not", "own-znodes", Violation, "client 0 deleted k/c2-lock-0000000012", rooted(crashed(false))},
	})
}

// A process may have several sessions, of which the one that the harness opened is only
// one.
func TestHoldsAreOfAnySession(t *testing.T) {
	// own makes client 0 hold in a session that it opened itself, and which ends before another
	// client is granted.
	own := func(made history.ID) *checktest.Record {
		r := turns().Opens(7).Session(245, history.FConnected, 0, 7).Session(246, history.FConnected, 0, 1)
		r.Stands(made, 12).Saw(305, 0, r.Zxid-checktest.Epoch, 304)
		r.Hold(checktest.Grant{Client: 0, Inv: 300, Ret: 310, Release: 390})
		r.Closes(7).Leaves(2, made, 12).Stands(2, 13).Saw(325, 1, r.Zxid-checktest.Epoch, 324)
		return r.Hold(checktest.Grant{Client: 1, Inv: 320, Ret: 330, Release: 340})
	}
	decideAll(t, []scenario{
		{"of its own, which ended", "exclusion", Valid, "", rooted(own(7))},
		{"of the harness's, which lives", "exclusion", Violation, "while client 0 held it", rooted(own(1))},
	})
	r := own(7)
	r.Txns = nil // it is not known in which of its sessions the client held
	decideAll(t, []scenario{{"of one of two", "exclusion", Valid, "", r}})
}

// Without a log, a hold belongs to the session that created its znode, as the link saw it, or to
// the only session that its process used for the key.
func TestHoldsAreOfTheSessionUsed(t *testing.T) {
	// two makes clients 0 and 1 hold at one time. Client 0 holds in a session that it opened itself
	// and that is alive; the record says which sessions client 0 used.
	two := func(used ...history.Use) *checktest.Record {
		r := checktest.Lock().Connected(1, 0, 1).Connected(2, 1, 2).Connected(3, 0, 7)
		r.Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 90, Alive: 15}).Proof(0, 7, 95)
		for i := range r.Events {
			if e := &r.Events[i]; e.F == objects.FAcquire && e.Type == history.OK {
				e.Used = used
			}
		}
		return r.Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60})
	}
	decideAll(t, []scenario{
		{"it is not known", "exclusion", Valid, "", two()},
		{"it used its own", "exclusion", Violation, "while client 0 held it", two(history.Use{Session: 7})},
		{"it used the harness's", "exclusion", Valid, "", two(history.Use{Session: 1})},
		{"it used both", "exclusion", Valid, "", two(history.Use{Session: 1}, history.Use{Session: 7})},
		{"it used both, and created in its own", "exclusion", Violation, "while client 0 held it", two(history.Use{Session: 1}, history.Use{Session: 7, Made: true})},
		{"it created in both", "exclusion", Valid, "", two(history.Use{Session: 1, Made: true}, history.Use{Session: 7, Made: true})},
	})
}

// A read is shown what the session that its process used for the key can show.
func TestReadsAreInTheSessionUsed(t *testing.T) {
	// reads makes client 0, which has a session that it opened itself, make a fenced read. alive is
	// when a quorum last answered a request of that session.
	reads := func(alive int, also ...history.Use) *checktest.Record {
		r := checktest.Counter().Connected(1, 0, 1).Connected(2, 0, 7)
		r.Op(checktest.Args{Client: 0, F: objects.FRead, Key: "k", Inv: 100, Ret: 110, Outcome: history.OK, In: objects.HowRead{Kind: objects.ReadFenced}, Out: objects.Count{}, Session: 1})
		e := &r.Events[len(r.Events)-1]
		e.Alive, e.Seen = 105*checktest.Unit, 9
		e.Used = append(also, history.Use{Session: 7, Alive: time.Duration(alive) * checktest.Unit, Seen: 8})
		return r
	}
	decideAll(t, []scenario{
		{"it was fenced", "fenced-reads", Valid, "", reads(105)},
		{"it was not", "fenced-reads", Violation, "answered no request of its session 0x7 (last at 0.050 s)", reads(50)},
		{"it may have been in the other one", "fenced-reads", Valid, "", reads(50, history.Use{Session: 1})},
	})
}

// A plain read may be older than an earlier one in another session, whatever other session the
// client has.
func TestPlainReadsAreOfTheSessionUsed(t *testing.T) {
	reads := func(second history.ID) *checktest.Record {
		r := checktest.Counter().Connected(1, 0, 1).Connected(2, 0, 7).Connected(3, 0, 8)
		for i, in := range []history.ID{7, second} {
			r.Tell(0, 100+20*i, 110+20*i, objects.ReadPlain, int64(5-i))
			r.Events[len(r.Events)-1].Used = []history.Use{{Session: in}}
			if i == 0 && second == 8 {
				r.Session(115, history.FExpired, 0, 7)
			}
		}
		for i := range 5 {
			r.Raise(1, 10+2*i, 11+2*i, int64(i+1))
		}
		return r
	}
	decideAll(t, []scenario{
		{"in one", "plain-reads", Violation, "though in the same session", reads(7)},
		{"in two", "plain-reads", Valid, "", reads(8)},
	})
}

// A waiter of a double barrier is excused if the session in which it may have been counted ended
// while it waited, whatever other sessions it has.
func TestWaitersAreOfAnySession(t *testing.T) {
	// waits makes client 1, which has two sessions, wait outside until a time although client 0
	// got in.
	waits := func(until int) *checktest.Record {
		return checktest.DoubleBarrier(2).Phases(0, 1, 2).
			Session(3, history.FConnected, 0, 1).Session(4, history.FConnected, 1, 2).Session(5, history.FConnected, 1, 7).
			Call(0, objects.FEnter, 20, 30, history.OK).
			Op(checktest.Args{Client: 1, F: objects.FEnter, Key: "k", Inv: 10, Ret: until, Outcome: history.Info, Session: 2})
	}
	closes := func(t int, of history.ID) *checktest.Record {
		return waits(9000).Session(t, history.FDead, 1, of).Session(t, history.FDisconnected, 1, of)
	}
	decideAll(t, []scenario{
		{"both live", "progress", Violation, "client 1 still waited to enter k", waits(9000)},
		{"its own ended", "progress", Valid, "", closes(25, 7)},
		{"the harness's ended", "progress", Valid, "", closes(25, 2)},
		{"its own expired", "progress", Valid, "", waits(9000).Session(35, history.FExpired, 1, 7)},
		{"it never came back to its own", "progress", Valid, "", waits(15000).Session(40, history.FDisconnected, 1, 7)},
		{"its own ended before all had come", "progress", Violation, "client 1 still waited to enter k", closes(15, 7)},
		{"its process ended", "progress", Valid, "", waits(9000).Exited(50, 1, history.ByCrash)},
	})
}

// A client that stands first at the end may have led before in a session that is over.
func TestLeadersAreOfAnySession(t *testing.T) {
	const late = 12000
	led := func(another history.ID) *checktest.Record {
		r := checktest.Election().Phases(0, 1, 2).Session(3, history.FConnected, 1, another)
		r.Session(4, history.FConnected, 1, 2).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 40, Release: -1, Token: 2})
		r.Op(checktest.Args{Client: 2, F: objects.FLeader, Key: "k", Inv: late, Ret: late + 10, Outcome: history.OK, Out: objects.Leader{Client: -1}})
		return r.KeyFact(20000, history.FFinal, "k", objects.Final{Contenders: []objects.Contender{{Name: "n-0000000002", Owner: 2}}})
	}
	decideAll(t, []scenario{
		{"it has one", "who-leads", Violation, "though client 1 led k", led(2)},
		{"it has two", "who-leads", Valid, "", led(7)},
	})
}

// A session lives at least until its end can have been requested.
func TestSessionsLiveUntilTheyAreClosed(t *testing.T) {
	// closed makes client 0 hold in a session on which no writes are made, and close the session
	// to give the hold up.
	closed := func(sent int, second checktest.Grant) *checktest.Record {
		r := turns().Opens(7)
		r.Add(245, history.Event{
			Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FConnected, Session: 7,
			Value: history.Value(history.Connected{Timeout: 4 * time.Second}),
		})
		r.Stands(7, 12).Add(305, history.Event{
			Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FConnected, Session: 7, Alive: 304 * checktest.Unit, Seen: r.Zxid,
			Value: history.Value(history.Connected{Timeout: 4 * time.Second, Seen: r.Zxid}),
		})
		r.Hold(checktest.Grant{Client: 0, Inv: 300, Ret: 310, Release: 390, Session: 7, Alive: 304})
		r.Closes(7).Add(400, history.Event{
			Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FDead, Session: 7, Zxid: r.Zxid, Alive: 304 * checktest.Unit, Seen: r.Zxid,
			Value: history.Value(history.Dead{By: "close-reply", Sent: time.Duration(sent) * checktest.Unit}),
		})
		return r.Hold(second)
	}
	within, behind := checktest.Grant{Client: 1, Inv: 320, Ret: 330, Release: 340}, checktest.Grant{Client: 1, Inv: 320, Ret: 395, Release: 398}
	r := rooted(closed(391, within)) // the granted timeout counts, although no counterexample cites it
	f := decideOne(t, r.Build(), "exclusion", r.Txns)
	if want := "while client 0 held it from 0.310 s until at least 0.390 s"; f.Result != Violation || !strings.Contains(f.Reason, want) {
		t.Errorf("another is granted before it was closed: %s (%s), want …%s", f.Result, f.Reason, want)
	}
	decideAll(t, []scenario{
		{"another is granted behind that", "exclusion", Valid, "", rooted(closed(391, behind))},
		{"it was closed early", "exclusion", Valid, "", rooted(closed(315, within))},
	})
}
