package checker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/locks"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	testmain.Main(m)
}

func TestGoodRunsAreValid(t *testing.T) {
	for _, model := range recipeModels() {
		t.Run(model, func(t *testing.T) {
			h, txns := checktest.WithLog(checktest.Good(model, 40))
			rep := Run(t.Context(), h, Options{Strict: true, Transactions: txns})
			if rep.Verdict != Valid {
				t.Errorf("%+v", rep)
			}
			if n := applicable(t, model, h, txns); len(rep.Verdicts) != n {
				t.Errorf("%d verdicts of %d properties: %+v", len(rep.Verdicts), n, rep.Verdicts)
			}
			for _, v := range rep.Verdicts {
				if v.Key != "" || v.Decider == "" || v.Evidence == "" || v.Figures["keys"] == 0 {
					t.Errorf("verdict %+v", v)
				}
			}
			for _, s := range rep.Assumptions {
				if !s.Met {
					t.Errorf("assumption %+v", s)
				}
			}
		})
	}
}

// applicable returns how many properties of a model apply to a history.
func applicable(t *testing.T, model string, h *history.History, txns []history.Txn) (n int) {
	a := evidence.Read(t.Context(), h, models[model].Object, txns)
	for _, p := range models[model].Properties {
		if p.Applies == nil || p.Applies(a) {
			n++
		}
	}
	return n
}

// TestChecksAloneSayTheSame compares the results of For's checks with those of Run.
func TestChecksAloneSayTheSame(t *testing.T) {
	for _, model := range recipeModels() {
		h := checktest.Good(model, 40).Build()
		checks := must.Get(For(model, Options{}))(t)
		var alone []Verdict
		for _, c := range checks {
			vs := c.Check(t.Context(), h)
			for _, v := range vs {
				if v.Property != c.Name() {
					t.Errorf("check %s gave %+v", c.Name(), v)
				}
			}
			alone = append(alone, vs...)
		}
		if diff := cmp.Diff(Run(t.Context(), h, Options{NoReference: true}).Verdicts, alone); diff != "" {
			t.Errorf("%s: %s", model, diff)
		}
	}
}

// TestAssumptions breaks one assumption at a time.
func TestAssumptions(t *testing.T) {
	tests := []struct {
		name, model string
		change      func(*checktest.Record)
		after       func(*history.History)
		says        string
		unmet       string // the name of the assumption
		property    string // the property that becomes unknown; "" if all that count do
	}{
		{
			name: "not healthy before", model: objects.Lock.Name, unmet: "healthy-before", says: "not healthy before the load: server 2 is down",
			change: func(r *checktest.Record) {
				r.Fact(1, history.FHealth, history.Health{When: "before", Detail: "server 2 is down"})
			},
		},
		{
			name: "not healthy after", model: objects.Barrier.Name, unmet: "healthy-after", says: "not healthy after the heal",
			change: func(r *checktest.Record) { r.Fact(100000, history.FHealth, history.Health{When: "after"}) },
		},
		{
			name: "never looked", model: objects.Queue.Name, unmet: "healthy-after", says: "did not check",
			after: func(h *history.History) {
				for i := range h.Events {
					if strings.Contains(string(h.Events[i].Value), "after") {
						h.Events[i].F = history.FStall
						h.Events[i].Value = nil
					}
				}
			},
		},
		{
			name: "too little before the first fault", model: objects.Lock.Name, unmet: "load", says: "before the first fault, of 20 wanted",
			change: func(r *checktest.Record) {
				r.Fact(50, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
			},
		},
		{
			name: "too little on each key", model: objects.Queue.Name, unmet: "load", says: "no key had more than",
			change: func(r *checktest.Record) {
				n := map[int]int{}
				for i := range r.Events { // a new key for every fourth item of each kind of event
					if e := &r.Events[i]; e.Process >= 0 {
						kind := len(e.F) + 100*len(e.Type)
						e.Key = fmt.Sprint("k", n[kind]/4)
						n[kind]++
					}
				}
			},
		},
		{
			name: "a fault never took effect", model: objects.Lock.Name, unmet: "faults", says: "scheduled but never seen to take effect: pause (failed no such server)",
			change: func(r *checktest.Record) {
				r.Header.Params.Expects = []string{"pause"}
				r.Fact(900, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
				r.Fact(901, "pause", history.FaultStep{Fault: 1, Step: history.StepFailed, Detail: "no such server"})
			},
		},
		{
			name: "a fault never came", model: objects.Lock.Name, unmet: "faults", says: "pause never happened: the load ended before; take a longer load (--time-limit)",
			change: func(r *checktest.Record) { r.Header.Params.Expects = []string{"pause"} },
		},
		{
			name: "the only fault, an optional one, failed", model: objects.Lock.Name, unmet: "faults", says: "no fault took effect: pause",
			change: func(r *checktest.Record) {
				r.Header.Params.Expects, r.Header.Params.Optional = []string{"pause"}, []string{"pause"}
				r.Fact(901, "pause", history.FaultStep{Fault: 1, Step: history.StepFailed, Detail: "no such server"})
			},
		},
		{
			name: "no fault found a target", model: objects.Lock.Name, unmet: "faults", says: "no fault took effect: pause",
			change: func(r *checktest.Record) {
				r.Header.Params.Expects, r.Header.Params.Optional = []string{"pause"}, []string{"pause"}
				r.Fact(901, "pause", history.FaultStep{Fault: 1, Step: history.StepSkipped})
			},
		},
		{
			name: "nothing succeeded any more", model: objects.Lock.Name, unmet: "faults", says: "no operation of the load succeeded from when the first fault took effect, at 4.000 s",
			change: func(r *checktest.Record) {
				for i := range r.Events { // the load goes on
					if e := &r.Events[i]; e.Process == history.Nemesis && e.Time > 0 {
						e.Time += 10 * time.Second
					}
				}
				r.Header.Params.Expects, r.Header.Params.Load = []string{"kill"}, 8*time.Second
				r.Fact(4000, "kill", history.FaultStep{Fault: 1, Step: history.StepInject})
				r.Fact(4000, "kill", history.FaultStep{Fault: 1, Step: history.StepVerified})
				r.Call(1, objects.FAcquire, 5000, 6000, history.Info).Hold(checktest.Grant{Client: 1, Inv: 9000, Ret: 9010, Release: 9020, Token: 1000, Session: 2})
			},
		},
		{
			name: "everybody stuck", model: objects.Lock.Name, unmet: "working", says: "3 clients ended in a call that never returned, of 3",
			change: func(r *checktest.Record) {
				for client := range 3 {
					r.Call(client, objects.FAcquire, 3000, -1, history.OK)
					r.Session(3001, history.FDisconnected, client, history.ID(client+1))
				}
			},
		},
		{
			name: "no end mark", model: objects.DoubleBarrier.Name, unmet: "record", says: "no end mark",
			after: func(h *history.History) { h.Complete = false },
		},
		{
			name: "cut off", model: objects.Election.Name, unmet: "record", says: "cut off in its last line",
			after: func(h *history.History) { h.Complete, h.Truncated = false, true },
		},
		{
			name: "damaged", model: objects.Lock.Name, unmet: "record", says: "time runs back in line 7",
			after: func(h *history.History) { h.Damage = []string{"time runs back in line 7"} },
		},
		{
			name: "a value that cannot be read", model: objects.Lock.Name, unmet: "record", says: "value of acquire",
			after: func(h *history.History) {
				for i := range h.Events {
					if e := &h.Events[i]; e.F == objects.FAcquire && e.Type == history.OK {
						e.Value = []byte(`{"token":7}`)
						break
					}
				}
			},
		},
		{
			name: "no contention", model: objects.Lock.Name, property: "exclusion", says: "too little contention",
			change: func(r *checktest.Record) {
				for i := range r.Events {
					if e := &r.Events[i]; e.F == objects.FAcquire && e.Type == history.Invoke {
						e.Time += min(11*checktest.Unit, 8*e.Time) // except the first, before it returns
					}
				}
			},
		},
		{name: "nobody died", model: objects.Lock.Name, property: "exclusion", says: "no hold ended by the death", change: expiredSomebody},
		{name: "nobody was told", model: objects.Lock.Name, property: "lost", says: "no client learned of it while it held", change: expiredSomebody},
		{name: "nobody had to know", model: objects.Lock.Name, property: "lost", says: "before they had to report the loss", change: func(r *checktest.Record) {
			expiredSomebody(r)
			r.Session(1990, history.FExpired, 2, 3).Hold(checktest.Grant{Client: 2, Inv: 2000, Ret: 2010, Release: 2300, Token: 1000, Session: 90}).Session(2100, history.FExpired, 2, 90)
		}},
		{name: "nobody was ever named", model: objects.Election.Name, property: "who-leads", says: "no answer ever named a leader", change: func(r *checktest.Record) {
			for i := range r.Events {
				if e := &r.Events[i]; e.F == objects.FLeader && e.Type == history.OK {
					e.Value = history.Value(objects.Leader{Client: -1})
				}
			}
		}},
		{name: "nobody died inside", model: objects.DoubleBarrier.Name, property: "enter", says: "none ended inside a round", change: expiredSomebody},
		{name: "little contention, and what helps", model: objects.Lock.Name, property: "exclusion", says: "more clients, fewer keys or longer holds", change: func(r *checktest.Record) {
			for i := range r.Events {
				if e := &r.Events[i]; e.F == objects.FAcquire && e.Type == history.Invoke {
					e.Time += min(11*checktest.Unit, 8*e.Time)
				}
			}
		}},
		{name: "few consumers met", model: objects.Queue.Name, property: "integrity", says: ", of 20 wanted: more clients, fewer keys, a higher rate", change: upTo(85)},
		{name: "few choices", model: objects.PriorityQueue.Name, property: "priority", says: ", of 10 wanted: more clients, fewer keys, a higher rate", change: upTo(85)},
		{name: "few changes of a counter met", model: objects.Counter.Name, property: "linearizable", says: ", of 10 wanted: more clients, fewer keys, a higher rate", change: upTo(85)},
		{name: "nobody is known to have met the barrier", model: objects.Barrier.Name, property: "early", says: "nothing shows that their clients had seen it", change: func(r *checktest.Record) {
			for i := range r.Events {
				r.Events[i].Alive, r.Events[i].Seen = 0, 0
			}
		}},
		{name: "few rounds of a double barrier", model: objects.DoubleBarrier.Name, property: "enter", says: ", of 5 wanted: a longer time limit", change: upTo(85)},
		{name: "rounds that are not full", model: objects.DoubleBarrier.Name, property: "enter", says: "some of them did not enter or leave in time", change: func(r *checktest.Record) {
			for i := range r.Events {
				if e := &r.Events[i]; e.F == objects.FEnter && e.Type == history.OK && e.Client == 0 {
					e.Type = history.Fail
				}
			}
		}},
		{name: "few members", model: objects.Membership.Name, property: "real", says: ", of 20 wanted: a longer time limit or a higher rate", change: upTo(85)},
		{name: "lists of which nobody knows what their sessions had seen", model: objects.Membership.Name, property: "fresh", says: "the record does not say what their sessions had seen", change: func(r *checktest.Record) {
			for i := range r.Events {
				r.Events[i].Seen = 0
			}
		}},
		{name: "unproven holds", model: objects.Lock.Name, property: "exclusion", says: "have no certain time, since no request of their sessions is known to have been answered by a quorum after the grant, and the record has no transactions", change: func(r *checktest.Record) {
			for i := range r.Events {
				r.Events[i].Alive = 0
			}
		}},
		{name: "holds of one of two sessions", model: objects.Lock.Name, property: "exclusion", says: "have no certain time, since their clients had several sessions, and nothing shows which of them they belong to: a subject with connections of its own has to say whose each hold is (Session)", change: func(r *checktest.Record) {
			for client := range 3 {
				r.Session(1, history.FConnected, client, history.ID(90+client))
			}
		}},
		{name: "hardly proven", model: objects.Lock.Name, property: "exclusion", says: "is proven by their sessions", change: func(r *checktest.Record) {
			r.Proof(2, 90, 2000).Hold(checktest.Grant{Client: 2, Inv: 2000, Ret: 2010, Release: 60000, Token: 1000, Session: 90, Alive: 2011})
		}},
		{name: "came after the lift", model: objects.Barrier.Name, property: "early", says: "certainly met the raised barrier", change: func(r *checktest.Record) {
			for i := range r.Events {
				if e := &r.Events[i]; e.F == objects.FAwait && e.Type == history.Invoke {
					e.Time += 14 * checktest.Unit
					e.Alive += 14 * checktest.Unit
				}
			}
		}},
		{
			name: "nobody overlapped", model: objects.Queue.Name, property: "order", says: "overlapped one of another consumer",
			change: func(r *checktest.Record) {
				for i := range r.Events {
					if e := &r.Events[i]; e.F == objects.FDequeue && e.Value != nil {
						e.Time -= 6 * checktest.Unit
					}
				}
			},
		},
		{name: "not drained", model: objects.Queue.Name, property: "loss", says: "the queue was not drained", change: func(r *checktest.Record) {
			r.Put(0, 300, 301, "forgotten", history.OK)
			for i := range r.Events {
				if r.Events[i].F == history.FDrained {
					r.Events[i].F = history.FStall
				}
			}
		}},
		{name: "few met the raised barrier", model: objects.Barrier.Name, property: "early", says: "certainly met the raised barrier", change: func(r *checktest.Record) {
			for i := range r.Events {
				r.Events[i].Alive = 0
			}
		}},
		{name: "no final list", model: objects.Lock.Name, property: "progress", says: "no list of contenders", change: func(r *checktest.Record) {
			for i := range r.Events {
				if r.Events[i].F == history.FFinal {
					r.Events[i].F = history.FStall
				}
			}
		}},
		{name: "no quiesce", model: objects.Barrier.Name, unmet: "record", says: "the event that begins the phase quiesce is missing", change: func(r *checktest.Record) {
			for i := range r.Events {
				if strings.Contains(string(r.Events[i].Value), history.PhaseQuiesce) {
					r.Events[i].Value = history.Value(history.Phase{Name: "other"})
				}
			}
		}},
		{name: "no phases", model: objects.Barrier.Name, property: "early", unmet: "record", says: "the record has no phases (load, heal, quiesce); a hand-made history may leave them out, and then only its violations count", change: func(r *checktest.Record) {
			for i := range r.Events {
				if r.Events[i].F == history.FPhase {
					r.Events[i].Value = history.Value(history.Phase{Name: "other"})
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			r := checktest.Good(tt.model, 40)
			if tt.change != nil {
				tt.change(r)
			}
			h := r.Build()
			if tt.after != nil {
				tt.after(h)
			}
			rep := Run(t.Context(), h, Options{})
			if rep.Verdict != Unknown {
				t.Fatalf("%s: %+v", rep.Verdict, rep)
			}
			for _, s := range rep.Assumptions {
				if s.Met == (s.Name == tt.unmet) {
					t.Errorf("assumption %+v", s)
				}
				if !s.Met && !strings.Contains(s.Text, tt.says) {
					t.Errorf("assumption says %q, want …%s…", s.Text, tt.says)
				}
			}
			for _, v := range rep.Verdicts {
				if tt.property == "" && !v.Measured && (v.Result != Unknown || !slices.Contains([]string{"load", "healthy-after"}, tt.unmet) && !strings.Contains(v.Reason, tt.says)) {
					t.Errorf("%+v", v)
				}
				if v.Property == tt.property && (v.Result != Unknown || !strings.Contains(v.Reason, tt.says)) {
					t.Errorf("%+v", v)
				}
			}
		})
	}
}

// upTo leaves out the operations that began after t units of time.
func upTo(t int) func(*checktest.Record) {
	return func(r *checktest.Record) {
		out := map[history.Process]bool{}
		r.Events = slices.DeleteFunc(r.Events, func(e history.Event) bool {
			if e.Type == history.Invoke {
				out[e.Process] = e.Time > time.Duration(t)*checktest.Unit
			}
			return e.Process >= 0 && out[e.Process]
		})
	}
}

// expiredSomebody schedules expiries that hit only clients that neither held nor
// waited.
func expiredSomebody(r *checktest.Record) {
	r.Header.Params.Expects = []string{"expire:holder"}
	r.Fact(900, "expire", history.FaultStep{Fault: 1, Step: history.StepInject})
	r.Fact(901, "expire", history.FaultStep{Fault: 1, Step: history.StepVerified})
}

// endingContext is a context that ends when it is asked for the n-th time.
type endingContext struct {
	context.Context
	asked *atomic.Int64
	after int64
}

func (c endingContext) Err() error {
	if c.asked.Add(1) > c.after {
		return context.DeadlineExceeded
	}
	return nil
}

// Wherever the budget ends, the result is either the full answer or unknown.
func TestBudgetEndsAnywhere(t *testing.T) {
	for _, s := range slices.Concat(scenarios, awayScenarios, givenUpScenarios, logScenarios) {
		if s.record == nil {
			continue
		}
		h, model := s.record.Build(), s.record.Header.Model
		for _, p := range models[model].Properties {
			if p.Applies != nil && !p.Applies(evidence.Read(t.Context(), h, models[model].Object, s.record.Txns)) {
				continue
			}
			decide := func(questions int64) (of []Result, asked int64) {
				a := evidence.Read(t.Context(), h, models[model].Object, s.record.Txns)
				ctx := endingContext{t.Context(), &atomic.Int64{}, questions}
				for _, k := range a.Keys {
					of = append(of, decideOn(ctx, p, k).Result)
				}
				return of, ctx.asked.Load()
			}
			full, asked := decide(math.MaxInt64)
			for n := range min(asked, 40) {
				results, _ := decide(n)
				for i, got := range results {
					if got != full[i] && got != Unknown {
						t.Errorf("%s, %s: %q, and %q after %d questions", s.name, p.Name, full[i], got, n)
					}
				}
			}
		}
	}
}

func TestViolationStandsWhateverHappened(t *testing.T) {
	r := checktest.Lock().Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: 50, Token: 1}).Hold(checktest.Grant{Client: 1, Inv: 11, Ret: 30, Release: 60, Token: 2})
	h := r.Build()
	h.Complete, h.Truncated = false, true
	rep := Run(t.Context(), h, Options{})
	if rep.Verdict != Violation || rep.Verdicts[0].Result != Violation || rep.Verdicts[0].Key != "k" {
		t.Errorf("%+v", rep)
	}
}

// A record that does not say what the subject offers must not switch checks off.
func TestAbilitiesShowInTheRecord(t *testing.T) {
	r := checktest.Good(objects.Lock.Name, 40)
	r.Events = slices.DeleteFunc(r.Events, func(e history.Event) bool { return e.F == history.FOffers })
	seen := map[string]bool{}
	h, txns := checktest.WithLog(r)
	for _, v := range Run(t.Context(), h, Options{Transactions: txns}).Verdicts {
		seen[v.Property] = true
	}
	for _, p := range locks.Lock.Properties {
		if !seen[p.Name] {
			t.Errorf("no verdict about %s", p.Name)
		}
	}
}

func TestBeliefCountsOnlyWhenStrict(t *testing.T) {
	r := checktest.Good(objects.Lock.Name, 40)
	// A holder whose session died still believes while the next one holds.
	r.Proof(2, 90, 2000).Hold(checktest.Grant{Client: 2, Inv: 2000, Ret: 2010, Release: 2060, Unheld: false, Token: 1000, Session: 90, Alive: 2011, Outcome: history.Info}).Session(2015, dead, 2, 90)
	r.Hold(checktest.Grant{Client: 1, Inv: 2011, Ret: 2020, Release: 2050, Token: 1001})
	h := r.Build()
	for strict, want := range map[bool]Result{false: Valid, true: Violation} {
		if rep := Run(t.Context(), h, Options{Strict: strict}); rep.Verdict != want {
			t.Errorf("strict %v: %+v", strict, rep)
		}
	}
}

func TestForeignHistoriesAssumeNothing(t *testing.T) {
	r := checktest.Foreign(objects.Queue.Name).Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "a", history.OK)
	rep := Run(t.Context(), r.Build(), Options{})
	if rep.Verdict != Valid || len(rep.Assumptions) != 0 {
		t.Errorf("%+v", rep)
	}
}

func TestManyKeysGiveFewVerdicts(t *testing.T) {
	r := checktest.Ours(objects.Barrier.Name, history.Params{Clients: 2})
	const n = 300
	for i := range n {
		key := fmt.Sprintf("b%03d", i)
		r.Op(checktest.Args{Client: 0, F: objects.FRaise, Key: key, Inv: 10 * i, Ret: 10*i + 2, Outcome: history.OK})
		r.Op(checktest.Args{Client: 1, F: objects.FAwait, Key: key, Inv: 10*i + 5, Ret: 10*i + 6, Outcome: history.OK, Session: 1, Before: 10*i + 4})
	}
	rep := Run(t.Context(), r.Build(), Options{})
	var of []Verdict
	for _, v := range rep.Verdicts {
		if v.Property == "early" {
			of = append(of, v)
		}
	}
	if len(of) != frame.MostKeys || of[0].Key != "b000" || of[0].Figures["violations"] != n {
		t.Fatalf("%d verdicts: %+v", len(of), of)
	}
	if notes := of[frame.MostKeys-1].Notes; len(notes) != 1 || !strings.Contains(notes[0], "295 more keys") {
		t.Errorf("notes %q", notes)
	}
}

func TestVerdictsAreInAStableOrder(t *testing.T) {
	h := checktest.Good(objects.Barrier.Name, 40).Build()
	run := func() Report {
		r := Run(t.Context(), h, Options{})
		r.Cost = Cost{} // real time
		return r
	}
	first := run()
	for range 5 {
		if diff := cmp.Diff(first, run()); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestContradictoryEvidenceIsAFindingOfItsOwn(t *testing.T) {
	r := checktest.Good(objects.Lock.Name, 40).Session(100, dead, 0, 1)
	rep := Run(t.Context(), r.Build(), Options{})
	last := rep.Verdicts[len(rep.Verdicts)-1]
	if rep.Verdict != Unknown || last.Property != "evidence" || last.Result != Unknown || len(last.Counterexample) != 2 {
		t.Errorf("%+v", rep)
	}
}

func TestUnknownModel(t *testing.T) {
	if _, err := For("mutex", Options{}); err == nil || !strings.Contains(err.Error(), strings.Join(Models(), ", ")) {
		t.Error(err)
	}
	rep := Run(t.Context(), checktest.Foreign("mutex").Build(), Options{})
	if rep.Verdict != Unknown || !strings.Contains(rep.Verdicts[0].Reason, strings.Join(Models(), ", ")) {
		t.Errorf("%+v", rep)
	}
	if rep := Run(t.Context(), checktest.Foreign("").Build(), Options{Model: objects.Lock.Name}); rep.Verdict != Valid {
		t.Errorf("%+v", rep)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := checktest.Good(objects.Lock.Name, 40).Build()
	if rep := Run(ctx, h, Options{}); rep.Verdict != Unknown {
		t.Errorf("%+v", rep)
	}
	checks, _ := For(objects.Lock.Name, Options{})
	for _, c := range checks {
		if vs := c.Check(ctx, h); len(vs) != 1 || vs[0].Result != Unknown {
			t.Errorf("%+v", vs)
		}
	}
	if rep := Run(t.Context(), h, Options{Budget: 1}); rep.Verdict != Unknown {
		t.Errorf("%+v", rep)
	}
}

// extra is a user's own check.
type extra struct{}

func (extra) Name() string { return "extra" }
func (extra) Check(context.Context, *history.History) []Verdict {
	return []Verdict{{Property: "extra", Result: Violation, Reason: "as planted"}}
}

func TestExtraChecksCount(t *testing.T) {
	rep := Run(t.Context(), checktest.Good(objects.Queue.Name, 40).Build(), Options{Extra: []Check{extra{}}})
	if rep.Verdict != Violation {
		t.Errorf("%+v", rep)
	}
}

// asked is a check that does whatever a test wants.
type asked struct {
	name string
	ask  func(*history.History) []Verdict
}

func (a asked) Name() string { return a.name }
func (a asked) Check(_ context.Context, h *history.History) []Verdict {
	return a.ask(h)
}

// A user's own check that does not work leaves its property undecided, and the other properties
// decided.
func TestExtraChecksThatDoNotWork(t *testing.T) {
	for name, tt := range map[string]struct {
		ask  func(*history.History) []Verdict
		want Result
		says string
	}{
		"panics":    {func(*history.History) []Verdict { panic("no such key") }, Unknown, "the check panicked: no such key"},
		"silent":    {func(*history.History) []Verdict { return nil }, Unknown, "gave no verdict"},
		"no result": {func(*history.History) []Verdict { return []Verdict{{Reason: "?"}} }, Unknown, `gave the result ""`},
		"outside": {func(h *history.History) []Verdict {
			return []Verdict{{Result: Violation, Counterexample: []int{-1, 2, len(h.Events)}}}
		}, Violation, ""},
	} {
		rep := Run(t.Context(), checktest.Good(objects.Queue.Name, 40).Build(), Options{Extra: []Check{asked{"mine", tt.ask}}})
		last := rep.Verdicts[len(rep.Verdicts)-1]
		if last.Property != "mine" || !last.Declared || last.Result != tt.want || !strings.Contains(last.Reason, tt.says) || rep.Verdict != tt.want || len(last.Counterexample) > 1 {
			t.Errorf("%s: %s %+v", name, rep.Verdict, last)
		}
	}
}

// Checks need names that nothing else has.
func TestUsable(t *testing.T) {
	valid := func(*history.History) []Verdict { return []Verdict{{Result: Valid}} }
	for says, extra := range map[string][]Check{
		"":                             {asked{"mine", valid}, asked{"other", valid}},
		"one of the checks is nil":     {nil},
		"has no name":                  {asked{"", valid}},
		`two checks are called "mine"`: {asked{"mine", valid}, asked{"mine", valid}},
		`a check is called "loss", as a property of the queue is`: {asked{"loss", valid}},
	} {
		err := Usable(extra, history.Header{Model: objects.Queue.Name})
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

// TestReferenceThatDisagrees plants a defect in zklab itself: a fast check that
// misses everything, and one that flags everything.
func TestReferenceThatDisagrees(t *testing.T) {
	bad := checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "a", history.OK).Take(2, 3, 5, "a", history.OK).Build()
	fine := checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "a", history.OK).Build()
	for _, tt := range []struct {
		h    *history.History
		says frame.Finding
		want string
	}{
		{bad, frame.Finding{}, "finds nothing wrong, porcupine finds a violation"},
		{fine, frame.Finding{Result: Violation, Reason: "planted"}, "finds a violation, porcupine finds nothing wrong; planted"},
	} {
		a := evidence.Read(t.Context(), tt.h, models[objects.Queue.Name].Object, nil)
		got := decide(queues.Queue.References[0], newSearchBudget(t.Context(), Options{}), a.Keys[0])
		if !got.decided {
			t.Fatal("not decided")
		}
		row := []frame.Finding{tt.says, {}, {}, {}, {}}
		compare(queues.Queue.References[0], got, a.Keys[0], queues.Queue.Properties, row)
		if row[0].Result != Unknown || !strings.Contains(row[0].Reason, tt.want) {
			t.Errorf("%+v", row[0])
		}
	}
}

// TestReferenceRefines has a member of unknown fate that must be gone so that one
// member can leave, and must be there so that the next can enter. Each of the two by
// itself can be explained.
func TestReferenceRefines(t *testing.T) {
	r := checktest.DoubleBarrier(2).Call(0, objects.FEnter, 5, 9, history.Info).
		Call(1, objects.FEnter, 10, 12, history.OK).Call(1, objects.FLeave, 14, 16, history.OK).Call(2, objects.FEnter, 20, 22, history.OK)
	h := r.Build()
	if rep := Run(t.Context(), h, Options{NoReference: true}); rep.Verdict == Violation {
		t.Errorf("the fast check alone: %+v", rep)
	}
	rep := Run(t.Context(), h, Options{})
	if rep.Verdict != Violation || !strings.Contains(fmt.Sprint(rep.Verdicts), "only porcupine found this") {
		t.Errorf("%+v", rep)
	}
}

// hopeless returns a history with many unknown dequeues at once, in which a search has
// no clue.
func hopeless() *history.History {
	r := checktest.Queue()
	for i := range 40 {
		r.Put(i, 1, 100, fmt.Sprintf("i%d", i), history.OK)
		r.Take(i, 101, 200, "", history.Info)
		r.Take(i, 201, 300, fmt.Sprintf("i%d", 39-i), history.OK)
	}
	r.Take(0, 301, 400, "nobody's", history.OK)
	return r.Build()
}

// search searches for an order of the only key of a history, within set bounds.
func (b *searchBudget) search(h *history.History) ruling {
	a := evidence.Read(b.ctx, h, queues.Queue.Object, nil)
	return decide(queues.Queue.References[0], b, a.Keys[0])
}

func TestReferenceStaysWithinItsBounds(t *testing.T) {
	h := hopeless()
	for name, bound := range map[string]func(*searchBudget){
		"memory":                   func(b *searchBudget) { b.memory = 1 << 20 },
		"tries for one key":        func(b *searchBudget) { b.keyTries = 1e5 },
		"tries for all keys":       func(b *searchBudget) { b.tries.Store(1e5) },
		"time for one key":         func(b *searchBudget) { b.keyTime = time.Millisecond },
		"time for all keys":        func(b *searchBudget) { b.until = time.Now().Add(time.Millisecond) },
		"time that has passed":     func(b *searchBudget) { b.until = time.Now() },
		"tries that were all made": func(b *searchBudget) { b.tries.Store(0) },
	} {
		b := newSearchBudget(t.Context(), Options{Memory: 1 << 40})
		b.until, b.keyTime = time.Now().Add(time.Hour), time.Hour
		bound(b)
		before := b.tries.Load()
		got := b.search(h)
		if tried := before - b.tries.Load(); got.decided || tried > referenceKeyTries/2 {
			t.Errorf("%s: decided: %v, after %d tries", name, got.decided, tried)
		}
	}
	small := checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "b", history.OK).Build()
	if got := Reference(t.Context(), small, Options{}); len(got) != 1 || got["k"] {
		t.Errorf("decided: %v", got)
	}
}

// Tries that one search has used are not available to the next.
func TestReferenceCountsTheTriesOfAllKeys(t *testing.T) {
	b := newSearchBudget(t.Context(), Options{Memory: 1 << 40})
	b.until, b.keyTime, b.keyTries = time.Now().Add(time.Hour), time.Hour, 1e5
	b.tries.Store(25e4)
	for i, want := range []int64{15e4, 5e4, 0, 0} {
		got := b.search(hopeless())
		if left := max(0, b.tries.Load()); got.decided || left > want || left < want-1000 {
			t.Errorf("search %d: %d tries are left, want %d", i, left, want)
		}
	}
}

// The reference model gives up even if time stands still.
func TestReferenceInVirtualTime(t *testing.T) {
	h := hopeless()
	synctest.Test(t, func(t *testing.T) {
		b := newSearchBudget(t.Context(), Options{Memory: 1 << 40})
		if b.keyTries <= 0 || b.tries.Load() < b.keyTries {
			t.Errorf("%d tries, %d for each key", b.tries.Load(), b.keyTries)
		}
		b.keyTries = 1e5 // the usual number of tries takes seconds
		if got := b.search(h); got.decided {
			t.Error("decided")
		}
	})
}

// picture writes the picture of a key.
func picture(t *testing.T, h *history.History, key string, w io.Writer) error {
	t.Helper()
	p := must.Get(NewPictures(t.Context(), h, Options{}))(t)
	return p.Write(t.Context(), key, w)
}

func TestPictures(t *testing.T) {
	for _, model := range recipeModels() {
		r := checktest.Good(model, 5)
		h := r.Build()
		var key string
		for _, e := range h.Events {
			if e.Process >= 0 {
				key = e.Key
			}
		}
		var page bytes.Buffer
		if err := picture(t, h, key, &page); err != nil || !strings.Contains(page.String(), "<html") {
			t.Errorf("%s: %v, %d bytes", model, err, page.Len())
		}
	}
	bad := checktest.Queue().Put(0, 1, 2, "a", history.OK).Take(1, 3, 4, "b", history.OK).Build()
	var page bytes.Buffer
	if err := picture(t, bad, "k", &page); err != nil || page.Len() == 0 {
		t.Error(err)
	}
	if err := picture(t, bad, "other", &page); err == nil {
		t.Error("no error for a key that is not there")
	}
	if err := picture(t, checktest.Good(objects.Session.Name, 5).Build(), "", &page); !errors.Is(err, ErrNoReference) {
		t.Error(err)
	}
	if err := picture(t, checktest.Good(objects.Lock.Name, 1000).Build(), "k", &page); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// TestNothingMakesItPanic checks histories of nonsense.
func TestNothingMakesItPanic(t *testing.T) {
	fs := []string{
		history.FLost, history.FDrained, history.FFinal,
		history.FConnected, history.FDisconnected, history.FExpired, history.FDead, history.FPhase, history.FHealth, history.FStall, "pause", "",
		history.FRequest, history.FReply, history.FEvent,
	}
	for _, model := range recipeModels() {
		for _, o := range models[model].Object.Operations {
			fs = append(fs, o.F)
		}
	}
	values := []string{
		``, `null`, `{}`, `[]`, `7`, `{"token":"0x1"}`, `{"held":true}`, `{"held":true,"token":"0x2"}`, `{"item":"a"}`, `{"item":"b"}`, `{"client":1}`, `{"empty":true}`, `{"left":3}`, `{"contenders":[{"name":"x-0000000001","owner":"0x1"}]}`, `{"fault":1,"step":"inject"}`, `{"name":"quiesce"}`, `{"name":"load"}`, `{"gap":300000000}`, `{"accepted":true,"order":2}`,
		`{"xid":1,"op":"create","path":"/a","sequential":true}`, `{"xid":1,"path":"/a0000000001"}`, `{"xid":2,"op":"multi","parts":[{"op":"delete","path":"/a"}]}`, `{"xid":2,"parts":[{"error":-101}]}`,
		`{"xid":1,"op":"getChildren","path":"/a","watch":true}`, `{"xid":1,"stat":{"czxid":"0x1","mzxid":"0x1","pzxid":"0x2"}}`, `{"xid":3,"op":"setWatches","data_watches":["/a",""]}`, `{"type":"nodeDeleted","path":"/a"}`,
	}
	types := []history.Type{history.Invoke, history.OK, history.Fail, history.Info, "odd"}
	for i := range 3000 {
		rng := rand.New(rand.NewPCG(7, uint64(i)))
		h := &history.History{Header: history.Header{Version: rng.IntN(2), Model: Models()[rng.IntN(len(Models()))], Params: history.Params{Parties: rng.IntN(4)}}}
		at := time.Duration(0)
		for n := range rng.IntN(40) {
			at += time.Duration(rng.IntN(3)) * time.Second
			h.Events = append(h.Events, history.Event{
				Index: n, Time: at, Process: history.Process(rng.IntN(6) - 2), Client: rng.IntN(4) - 1, Type: types[rng.IntN(len(types))],
				F: fs[rng.IntN(len(fs))], Key: []string{"k", "l", ""}[rng.IntN(3)], Value: []byte(values[rng.IntN(len(values))]),
				Session: history.ID(rng.IntN(4)), Zxid: history.ID(rng.IntN(6) - 1), Alive: time.Duration(rng.IntN(20)) * time.Second,
			})
		}
		rep := Run(t.Context(), h, Options{Budget: 10 * time.Second})
		for _, v := range rep.Verdicts {
			if strings.Contains(v.Reason, "reference model disagrees") {
				t.Fatalf("history %d: %+v\n%s", i, v, checktest.Dump(h))
			}
		}
	}
}

// A client that is alone cannot break a promise to others.
func TestRoundsOfOneProveNothing(t *testing.T) {
	r := checktest.Good(objects.DoubleBarrier.Name, 20)
	r.Header.Params.Parties = 1
	rep := Run(t.Context(), r.Build(), Options{NoReference: true})
	if rep.Verdict != Unknown {
		t.Errorf("%+v", rep)
	}
}
