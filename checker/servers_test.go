package checker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// served returns a run of a register of ten seconds. Client 0 is connected at its beginning,
// and client 1 writes all the time if led is set.
func served(led bool) *checktest.Record {
	r := checktest.Ours(objects.Register.Name, history.Params{Clients: 3, MinSession: time.Second, MaxSession: time.Minute}).Phases(0, 9000, 9100)
	r = connectsTo(r, 10, 0, 0x1, 0, 4*time.Second, 4*time.Second)
	for i := range 90 {
		if led || i == 0 {
			r = r.Set(1, 100*i+1, 100*i+2, fmt.Sprint(i), i+1).Proof(1, 0x2, 100*i+1)
		}
	}
	return r
}

// connectsTo adds a connect of a client with what it asked for.
func connectsTo(r *checktest.Record, t, client int, session, asked history.ID, wanted, granted time.Duration) *checktest.Record {
	return r.Add(t, history.Event{
		Process: history.SessionProcess, Client: client, Type: history.Info, F: history.FConnected, Session: session,
		Value: history.Value(history.Connected{Server: "zk1", Timeout: granted, Asked: asked, Wanted: wanted}),
	})
}

// toldExpired adds that client 0 was told that its session expired.
func toldExpired(r *checktest.Record, t, since, answered int) *checktest.Record {
	return r.Add(t, history.Event{
		Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FExpired, Session: 0x1,
		Value: history.Value(history.Expired{Server: "zk1", Since: time.Duration(since) * time.Millisecond, Answered: time.Duration(answered) * time.Millisecond}),
	})
}

// closedBy adds that the session of client 0 was closed by someone else.
func closedBy(r *checktest.Record) *checktest.Record {
	return r.Add(4800, history.Event{
		Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FDead, Session: 0x1,
		Value: history.Value(history.Dead{By: "close-reply"}),
	})
}

// overtaken adds that a request of client 0 was overtaken by later ones.
func overtaken(r *checktest.Record, op string) *checktest.Record {
	return r.Add(3000, history.Event{
		Process: history.SessionProcess, Client: 0, Type: history.Info, F: history.FOvertaken, Session: 0x1,
		Value: history.Value(history.Overtaken{
			Requests: []history.UnansweredRequest{{Xid: 1, Op: op, Path: "/a", Sent: time.Second}},
			By:       history.UnansweredRequest{Xid: 2, Op: "exists", Sent: 2 * time.Second},
		}),
	})
}

// serverScenarios returns scenarios written by hand.
func serverScenarios() []scenario {
	const t = 4 * time.Second
	return []scenario{
		{"another session than its own", "connects", Violation, "asked zk1 for its session 0x1, and was given session 0x9", connectsTo(served(true), 5000, 0, 0x9, 0x1, t, t)},
		{"somebody's session for a new one", "connects", Violation, "was given session 0x1 at 5.000 s, which client 0 had got before", connectsTo(served(true), 5000, 2, 0x1, 0, t, t)},
		{"a longer timeout than asked for", "connects", Violation, "so that it should be 4s", connectsTo(served(true), 5000, 2, 0x9, 0, t, 2*t)},
		{"a timeout below the bounds", "connects", Violation, "so that it should be 1s", connectsTo(served(true), 5000, 2, 0x9, 0, time.Millisecond, time.Millisecond)},
		{"a session that goes on after it had expired", "connects", Violation, "was connected in it again", connectsTo(toldExpired(served(true), 5000, 10, 500), 5100, 0, 0x1, 0x1, t, t)},
		{"the same after a fault", "connects", Valid, "", connectsTo(toldExpired(served(true).Fault("pause", 4000, 4500, 0), 5000, 10, 500), 5100, 0, 0x1, 0x1, t, t)},
		{"its own session, and the nearest bound", "connects", Valid, "", connectsTo(connectsTo(served(true), 5000, 0, 0x1, 0x1, t, t), 6000, 2, 0x9, 0, time.Hour, time.Minute)},

		{"expired while it was answered", "kept-alive", Violation, "had answered requests that it sent all the time from 0.010 s to 4.900 s", toldExpired(served(true), 5000, 10, 4900)},
		{"expired soon after it connected", "kept-alive", Violation, "", toldExpired(served(true), 1000, 10, 900)},
		{"expired after a silence of its client", "kept-alive", Valid, "", toldExpired(served(true), 5000, 10, 1500)},
		{"expired when it spoke again, and the word was on its way", "kept-alive", Valid, "", toldExpired(served(true), 5000, 4500, 4900)},
		{"expired around a fault", "kept-alive", Valid, "", toldExpired(served(true).Fault("reset", 4000, 4100, 0), 5000, 10, 4900)},
		{"expired while the leader stood still", "kept-alive", Valid, "", toldExpired(served(false), 5000, 10, 4900)},
		{"expired by request", "kept-alive", Valid, "", toldExpired(closedBy(served(true)), 5000, 10, 4900)},

		{"passed over", "answers", Violation, "the getData of /a that client 0 sent at 1.000 s had no answer at 3.000 s, when the exists that it sent later, at 2.000 s, had one", overtaken(served(true), "getData")},
		{"a write passed over", "answers", Violation, "the setData of /a", overtaken(served(true), "setData")},
		{"the same by a server whose session a copy has", "answers", Valid, "", overtaken(served(true).Fault("duplicate", 2900, 3100, 0), "setData")},
		{"a read passed over there", "answers", Violation, "", overtaken(served(true).Fault("duplicate", 2900, 3100, 0), "getData")},
		{"a write of a client without a copy", "answers", Violation, "", overtaken(served(true).Fault("duplicate", 2900, 3100, 1), "setData")},
		{"answered in turn", "answers", Valid, "", served(true)},
	}
}

func TestServers(t *testing.T) { decideAll(t, serverScenarios()) }

// A recipe is not blamed for a promise that servers broke, and no property of such a
// run is valid.
func TestRecipesAreNotBlamedForServers(t *testing.T) {
	for _, twice := range []bool{true, false} {
		r := checktest.Ours(objects.Lock.Name, history.Params{Clients: 3}).Phases(0, 9000, 9100)
		r = connectsTo(r, 10, 0, 0x1, 0, time.Second, time.Second)
		r = connectsTo(r, 20, 0, 0x9, 0x1, time.Second, time.Second)
		if twice {
			r = r.Hold(checktest.Grant{Client: 0, Inv: 100, Ret: 101, Release: 900}).Hold(checktest.Grant{Client: 1, Inv: 200, Ret: 201, Release: 800})
		}
		rep := Run(t.Context(), r.Build(), Options{})
		if rep.Verdict != Unknown {
			t.Errorf("%s", rep.Verdict)
		}
		told := false
		for _, s := range rep.Assumptions {
			told = told || s.Name == "servers" && !s.Met && strings.Contains(s.Text, "was given session 0x9")
		}
		if !told {
			t.Errorf("the assumptions do not tell: %+v", rep.Assumptions)
		}
	}
}
