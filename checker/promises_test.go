package checker

import (
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/promises"
	"github.com/zklab/zklab/checker/internal/servers"
	"github.com/zklab/zklab/checker/internal/sessions"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
	simulated "github.com/zklab/zklab/internal/testkit/simulated/sessions"
)

// sessionRun returns a simulated run as zklab records one: with its phases, its health,
// and the operations of its clients.
func sessionRun(seed uint64, lie string, steps int) (*history.History, []history.Txn) {
	s := simulated.Run(seed, lie, steps)
	r := checktest.Ours(objects.Session.Name, history.Params{Clients: 3, Servers: 2, Addresses: simulated.Addresses, MinLoad: 20})
	h := &history.History{Header: r.Header, Complete: true}
	add := func(t time.Duration, e history.Event) {
		e.Index, e.Time = len(h.Events), t
		h.Events = append(h.Events, e)
	}
	fact := func(t time.Duration, f string, v any) {
		add(t, history.Event{Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(v)})
	}
	fact(0, history.FBegin, h.Header)
	fact(0, history.FHealth, history.Health{Healthy: true, When: "before", Leader: 1})
	fact(0, history.FPhase, history.Phase{Name: history.PhaseLoad})
	for i := range 30 {
		for _, typ := range []history.Type{history.Invoke, history.OK} {
			add(0, history.Event{Process: history.Process(i % 3), Client: i % 3, Type: typ, F: "reads", Key: "k" + words.Number(i%2)})
		}
	}
	quiet := false
	var end time.Duration
	for _, e := range s.Events {
		if end = e.Time; end >= s.Final && !quiet {
			quiet = true
			fact(end, history.FPhase, history.Phase{Name: history.PhaseHeal})
			fact(end, history.FHealth, history.Health{Healthy: true, When: "after"})
			fact(end, history.FPhase, history.Phase{Name: history.PhaseQuiesce})
		}
		add(end, e)
	}
	fact(end, history.FEnd, nil)
	return h, s.Transactions
}

func TestPromisesOfARunThatExercisesThemAll(t *testing.T) {
	h, txns := sessionRun(1, "", 40_000)
	// Expiry needs the servers' clock, views the transactions, timeliness the servers' limits,
	// rights clients that have different ones, lifetimes znodes that servers delete by themselves,
	// and persistent-watch persistent watches. The record does not tell what clients asked for when
	// they connected.
	untold := len(servers.Properties) + 4
	for _, c := range []struct {
		txns     []history.Txn
		verdicts int
	}{{txns, len(sessions.Session.Properties) - untold - 1}, {nil, len(sessions.Session.Properties) - untold - 2}} {
		rep := Run(t.Context(), h, Options{Transactions: c.txns})
		if rep.Verdict != Valid || len(rep.Verdicts) != c.verdicts {
			t.Errorf("%s, %d verdicts of %d", rep.Verdict, len(rep.Verdicts), c.verdicts)
		}
		for _, v := range rep.Verdicts {
			if v.Result != Valid || v.Decider == "" || v.Evidence == "" || v.Key != "" {
				t.Errorf("%+v", v)
			}
			if (len(v.Notes) > 0) != (c.txns == nil) { // the notes say what was not checked
				t.Errorf("transactions known: %v: %s has the notes %q", c.txns != nil, v.Property, v.Notes)
			}
		}
		for _, a := range rep.Assumptions {
			if !a.Met {
				t.Error(a.Text)
			}
		}
	}
}

// TestPromisesUntested checks that if too little happened, no promise is valid that
// could not have been broken.
func TestPromisesUntested(t *testing.T) {
	h, txns := sessionRun(3, "", 20)
	for _, v := range Run(t.Context(), h, Options{Transactions: txns}).Verdicts {
		if v.Result != Unknown || v.Reason == "" {
			t.Errorf("%+v", v)
		}
	}
}

func TestABrokenPromiseIsTold(t *testing.T) {
	for seed := range uint64(50) {
		h, txns := sessionRun(seed, "watch before data", 2000)
		rep := Run(t.Context(), h, Options{Transactions: txns})
		if rep.Verdict != Violation {
			continue
		}
		i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == promises.WatchBeforeData })
		if v := rep.Verdicts[i]; v.Result == Violation {
			if v.Reason == "" || len(v.Counterexample) < 3 || len(v.Counterexample) > 8 {
				t.Errorf("%+v", v)
			}
			return
		}
	}
	t.Error("in 50 runs none was told")
}

// TestPromisesWithoutDisturbedSyncs checks that a read after a sync may be stale while
// servers are disturbed.
func TestPromisesWithoutDisturbedSyncs(t *testing.T) {
	found := 0
	for seed := range uint64(400) {
		h, txns := sessionRun(seed, "sync", 1000)
		broken := func() bool {
			for _, v := range Run(t.Context(), h, Options{Transactions: txns}).Verdicts {
				if v.Property == promises.Sync {
					return v.Result == Violation
				}
			}
			return false
		}
		if !broken() {
			continue
		}
		h.Events[1].F, h.Events[1].Value = "pause", history.Value(history.FaultStep{Fault: 1, Step: history.StepInject, Servers: []int{2}})
		if broken() {
			t.Fatalf("seed %d: a stale read behind a sync counts while a server is paused", seed)
		}
		if found++; found == 3 {
			return
		}
	}
	t.Errorf("a stale read behind a sync was found in %d runs, of 3 wanted", found)
}
