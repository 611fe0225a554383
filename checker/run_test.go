package checker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/zklab/zklab/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// good makes a run of n rounds of a model in which all went well and every
// property was exercised.
func good(model string, n int) *record {
	p := history.Params{Clients: 3, MinLoad: 20, Parties: 3}
	r := ours(model, p).offers(history.Offers{Fencing: true, TellsLost: true})
	end := 0
	switch model {
	case history.ModelLock, history.ModelElection:
		end = goodHolds(r, n)
	case history.ModelQueue:
		end = goodQueue(r, n)
	case history.ModelBarrier:
		end = goodBarrier(r, n)
	case history.ModelDoubleBarrier:
		end = goodGates(r, n)
	case history.ModelRegister:
		end = goodRegister(r, n)
	}
	for c := range 3 {
		r.proof(c, history.ID(c+1), end)
	}
	return r.phases(0, end, end).fact(end+1, history.FEnd, nil)
}

func goodHolds(r *record, n int) int {
	t := 10
	for i := range n {
		c := i % 3
		// Each asks while the one before it holds.
		r.hold(grant{client: c, inv: max(1, t-12), ret: t, release: t + 15, token: history.ID(i + 1)})
		r.write(c, t+2, history.ID(i+1), true, int64(i+1))
		if r.header.Model == history.ModelElection {
			r.op(opArgs{client: c, f: history.FLeader, key: "k", inv: t + 4, ret: t + 5, outcome: history.OK, out: history.Leader{Client: c}})
		}
		r.confirm(c, t+8, true, history.ID(i+1), history.ID(c+1))
		t += 17
	}
	r.keyFact(t+100, history.FFinal, "k", history.Final{})
	return t + 101
}

func goodQueue(r *record, n int) int {
	t := 10
	for i := range n {
		item := fmt.Sprintf("i%d", i)
		r.put(0, t, t+2, item, history.OK)
		r.take(1+i%2, t+3, t+12, item, history.OK)
		t += 6
	}
	r.op(opArgs{client: 1, f: history.FDequeue, key: "k", inv: t + 50, ret: t + 52, outcome: history.OK, session: 2}) // found nothing
	r.keyFact(t+100, history.FDrained, "k", history.Drained{Empty: true})
	return t + 101
}

func goodBarrier(r *record, n int) int {
	t := 10
	for i := range n {
		key := fmt.Sprintf("b%d", i)
		r.op(opArgs{client: 0, f: history.FRaise, key: key, inv: t, ret: t + 2, outcome: history.OK, session: 1})
		for c := 1; c < 3; c++ {
			r.op(opArgs{client: c, f: history.FAwait, key: key, inv: t + 5, ret: t + 20, outcome: history.OK, session: history.ID(c + 1), before: t + 4})
		}
		r.op(opArgs{client: 0, f: history.FLift, key: key, inv: t + 15, ret: t + 17, outcome: history.OK, session: 1})
		t += 25
	}
	return t
}

func goodGates(r *record, n int) int {
	t := 10
	for i := range n {
		key := fmt.Sprintf("d%d", i)
		for c := range 3 {
			r.op(opArgs{client: c, f: history.FEnter, key: key, inv: t + c, ret: t + 5, outcome: history.OK, session: history.ID(c + 1)})
			r.op(opArgs{client: c, f: history.FLeave, key: key, inv: t + 8 + c, ret: t + 12, outcome: history.OK, session: history.ID(c + 1)})
		}
		t += 20
	}
	return t
}

func TestGoodRunsAreValid(t *testing.T) {
	for _, model := range recipeModels() {
		t.Run(model, func(t *testing.T) {
			h, txns := withLog(good(model, 40))
			rep := Run(t.Context(), h, Options{Strict: true, Transactions: txns})
			if rep.Verdict != Valid {
				t.Errorf("%+v", rep)
			}
			if len(rep.Verdicts) != len(models[model].properties) {
				t.Errorf("%d verdicts of %d properties: %+v", len(rep.Verdicts), len(models[model].properties), rep.Verdicts)
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

// TestChecksAloneSayTheSame compares the checks of For with Run.
func TestChecksAloneSayTheSame(t *testing.T) {
	for _, model := range recipeModels() {
		h := good(model, 40).build()
		checks, err := For(model, Options{})
		if err != nil {
			t.Fatal(err)
		}
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
		if diff := cmp.Diff(Run(t.Context(), h, Options{NoReferee: true}).Verdicts, alone); diff != "" {
			t.Errorf("%s: %s", model, diff)
		}
	}
}

// TestGates breaks one assumption at a time.
func TestGates(t *testing.T) {
	tests := []struct {
		name, model string
		change      func(*record)
		after       func(*history.History)
		says        string
		unmet       string // assumption
		property    string // the one that becomes unknown; "": all that count
	}{
		{
			name: "not healthy before", model: history.ModelLock, unmet: "healthy-before", says: "not healthy before the load: server 2 is down",
			change: func(r *record) {
				r.fact(1, history.FHealth, history.Health{When: "before", Detail: "server 2 is down"})
			},
		},
		{
			name: "not healthy after", model: history.ModelBarrier, unmet: "healthy-after", says: "not healthy after the heal",
			change: func(r *record) { r.fact(100000, history.FHealth, history.Health{When: "after"}) },
		},
		{
			name: "never looked", model: history.ModelQueue, unmet: "healthy-after", says: "nobody looked",
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
			name: "too little before the first fault", model: history.ModelLock, unmet: "load", says: "before the first fault, of 20 wanted",
			change: func(r *record) {
				r.fact(50, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
			},
		},
		{
			name: "too little on each key", model: history.ModelQueue, unmet: "load", says: "no key saw more than",
			change: func(r *record) {
				n := map[int]int{}
				for i := range r.events { // a new key for every fourth item of each kind of event
					if e := &r.events[i]; e.Process >= 0 {
						kind := len(e.F) + 100*len(e.Type)
						e.Key = fmt.Sprint("k", n[kind]/4)
						n[kind]++
					}
				}
			},
		},
		{
			name: "a fault never took effect", model: history.ModelLock, unmet: "faults", says: "scheduled but never seen to take effect: pause (failed no such server)",
			change: func(r *record) {
				r.header.Params.Expects = []string{"pause"}
				r.fact(900, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
				r.fact(901, "pause", history.FaultStep{Fault: 1, Step: history.StepFailed, Detail: "no such server"})
			},
		},
		{
			name: "an optional fault failed", model: history.ModelLock, unmet: "faults", says: "scheduled but never seen to take effect: pause (failed no such server)",
			change: func(r *record) {
				r.header.Params.Expects, r.header.Params.Optional = []string{"pause"}, []string{"pause"}
				r.fact(901, "pause", history.FaultStep{Fault: 1, Step: history.StepFailed, Detail: "no such server"})
			},
		},
		{
			name: "no fault found a target", model: history.ModelLock, unmet: "faults", says: "no fault found a target: pause",
			change: func(r *record) {
				r.header.Params.Expects, r.header.Params.Optional = []string{"pause"}, []string{"pause"}
				r.fact(901, "pause", history.FaultStep{Fault: 1, Step: history.StepSkipped})
			},
		},
		{
			name: "everybody stuck", model: history.ModelLock, unmet: "working", says: "3 clients ended in a call that never returned, of 3",
			change: func(r *record) {
				for client := range 3 {
					r.call(client, history.FAcquire, 3000, -1, history.OK)
					r.session(3001, history.FDisconnected, client, history.ID(client+1))
				}
			},
		},
		{
			name: "no end mark", model: history.ModelDoubleBarrier, unmet: "record", says: "no end mark",
			after: func(h *history.History) { h.Complete = false },
		},
		{
			name: "cut off", model: history.ModelElection, unmet: "record", says: "cut off in its last line",
			after: func(h *history.History) { h.Complete, h.Truncated = false, true },
		},
		{
			name: "damaged", model: history.ModelLock, unmet: "record", says: "time runs back in line 7",
			after: func(h *history.History) { h.Damage = []string{"time runs back in line 7"} },
		},
		{
			name: "a value that cannot be read", model: history.ModelLock, unmet: "record", says: "value of acquire",
			after: func(h *history.History) {
				for i := range h.Events {
					if e := &h.Events[i]; e.F == history.FAcquire && e.Type == history.OK {
						e.Value = []byte(`{"token":7}`)
						break
					}
				}
			},
		},
		{
			name: "no contention", model: history.ModelLock, property: "exclusion", says: "too little contention",
			change: func(r *record) {
				for i := range r.events {
					if e := &r.events[i]; e.F == history.FAcquire && e.Type == history.Invoke {
						e.Time += 11 * ms
					}
				}
			},
		},
		{name: "nobody died", model: history.ModelLock, property: "exclusion", says: "no hold ended by the death", change: expiredSomebody},
		{name: "nobody was told", model: history.ModelLock, property: "lost", says: "no client was told so while it held", change: expiredSomebody},
		{name: "nobody had to know", model: history.ModelLock, property: "lost", says: "all released before they had to know", change: func(r *record) {
			expiredSomebody(r)
			r.hold(grant{client: 2, inv: 2000, ret: 2010, release: 2300, token: 1000, session: 90}).session(2100, history.FExpired, 2, 90)
		}},
		{name: "nobody was ever named", model: history.ModelElection, property: "who-leads", says: "no answer ever named a leader", change: func(r *record) {
			for i := range r.events {
				if e := &r.events[i]; e.F == history.FLeader && e.Type == history.OK {
					e.Value = history.Value(history.Leader{Client: -1})
				}
			}
		}},
		{name: "nobody died inside", model: history.ModelDoubleBarrier, property: "enter", says: "none ended inside a round", change: expiredSomebody},
		{name: "unproven holds", model: history.ModelLock, property: "exclusion", says: "too little contention", change: func(r *record) {
			for i := range r.events {
				r.events[i].Alive = 0
			}
		}},
		{name: "hardly proven", model: history.ModelLock, property: "exclusion", says: "is proven by their sessions", change: func(r *record) {
			r.proof(2, 90, 2000).hold(grant{client: 2, inv: 2000, ret: 2010, release: 60000, token: 1000, session: 90, alive: 2011})
		}},
		{name: "came after the lift", model: history.ModelBarrier, property: "early", says: "certainly met the raised barrier", change: func(r *record) {
			for i := range r.events {
				if e := &r.events[i]; e.F == history.FAwait && e.Type == history.Invoke {
					e.Time += 14 * ms
					e.Alive += 14 * ms
				}
			}
		}},
		{
			name: "nobody overlapped", model: history.ModelQueue, property: "order", says: "overlapped one of another consumer",
			change: func(r *record) {
				for i := range r.events {
					if e := &r.events[i]; e.F == history.FDequeue {
						e.Client = 1
					}
				}
			},
		},
		{name: "not drained", model: history.ModelQueue, property: "loss", says: "the queue was not drained", change: func(r *record) {
			r.put(0, 300, 301, "forgotten", history.OK)
			for i := range r.events {
				if r.events[i].F == history.FDrained {
					r.events[i].F = history.FStall
				}
			}
		}},
		{name: "few met the raised barrier", model: history.ModelBarrier, property: "early", says: "certainly met the raised barrier", change: func(r *record) {
			for i := range r.events {
				r.events[i].Alive = 0
			}
		}},
		{name: "no final list", model: history.ModelLock, property: "progress", says: "no list of contenders", change: func(r *record) {
			for i := range r.events {
				if r.events[i].F == history.FFinal {
					r.events[i].F = history.FStall
				}
			}
		}},
		{name: "no quiesce after a fault", model: history.ModelBarrier, property: "late", says: "no moment from which on", change: func(r *record) {
			r.fact(900, "pause", history.FaultStep{Fault: 1, Step: history.StepInject})
			for i := range r.events {
				if strings.Contains(string(r.events[i].Value), history.PhaseQuiesce) {
					r.events[i].Value = history.Value(history.Phase{Name: "other"})
				}
			}
		}},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			r := good(tt.model, 40)
			if tt.change != nil {
				tt.change(r)
			}
			h := r.build()
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

// expiredSomebody schedules expiries that hit only who neither held nor waited.
func expiredSomebody(r *record) {
	r.header.Params.Expects = []string{"expire:holder"}
	r.fact(900, "expire", history.FaultStep{Fault: 1, Step: history.StepInject})
	r.fact(901, "expire", history.FaultStep{Fault: 1, Step: history.StepVerified})
}

func TestViolationStandsWhateverHappened(t *testing.T) {
	r := lock().hold(grant{client: 0, inv: 10, ret: 20, release: 50, token: 1}).hold(grant{client: 1, inv: 11, ret: 30, release: 60, token: 2})
	h := r.build()
	h.Complete, h.Truncated = false, true
	rep := Run(t.Context(), h, Options{})
	if rep.Verdict != Violation || rep.Verdicts[0].Result != Violation || rep.Verdicts[0].Key != "k" {
		t.Errorf("%+v", rep)
	}
}

// A record that does not say what the subject offers must not switch checks off.
func TestAbilitiesShowInTheRecord(t *testing.T) {
	r := good(history.ModelLock, 40)
	r.events = slices.DeleteFunc(r.events, func(e history.Event) bool { return e.F == history.FOffers })
	seen := map[string]bool{}
	h, txns := withLog(r)
	for _, v := range Run(t.Context(), h, Options{Transactions: txns}).Verdicts {
		seen[v.Property] = true
	}
	for _, p := range holdProperties {
		if !seen[p.name] {
			t.Errorf("no verdict about %s", p.name)
		}
	}
}

func TestBeliefCountsOnlyWhenStrict(t *testing.T) {
	r := good(history.ModelLock, 40)
	// A holder whose session died still believes while the next one holds.
	r.proof(2, 90, 2000).hold(grant{client: 2, inv: 2000, ret: 2010, release: 2060, unheld: false, token: 1000, session: 90, alive: 2011, outcome: history.Info}).session(2015, dead, 2, 90)
	r.hold(grant{client: 1, inv: 2011, ret: 2020, release: 2050, token: 1001})
	h := r.build()
	for strict, want := range map[bool]Result{false: Valid, true: Violation} {
		if rep := Run(t.Context(), h, Options{Strict: strict}); rep.Verdict != want {
			t.Errorf("strict %v: %+v", strict, rep)
		}
	}
}

func TestForeignHistoriesAssumeNothing(t *testing.T) {
	r := foreign(history.ModelQueue).put(0, 1, 2, "a", history.OK).take(1, 3, 4, "a", history.OK)
	rep := Run(t.Context(), r.build(), Options{})
	if rep.Verdict != Valid || len(rep.Assumptions) != 0 {
		t.Errorf("%+v", rep)
	}
}

func TestManyKeysGiveFewVerdicts(t *testing.T) {
	r := ours(history.ModelBarrier, history.Params{Clients: 2})
	const n = 300
	for i := range n {
		key := fmt.Sprintf("b%03d", i)
		r.op(opArgs{client: 0, f: history.FRaise, key: key, inv: 10 * i, ret: 10*i + 2, outcome: history.OK})
		r.op(opArgs{client: 1, f: history.FAwait, key: key, inv: 10*i + 5, ret: 10*i + 6, outcome: history.OK, session: 1, before: 10*i + 4})
	}
	rep := Run(t.Context(), r.build(), Options{})
	var of []Verdict
	for _, v := range rep.Verdicts {
		if v.Property == "early" {
			of = append(of, v)
		}
	}
	if len(of) != mostKeys || of[0].Key != "b000" || of[0].Figures["violations"] != n {
		t.Fatalf("%d verdicts: %+v", len(of), of)
	}
	if notes := of[mostKeys-1].Notes; len(notes) != 1 || !strings.Contains(notes[0], "295 more keys") {
		t.Errorf("notes %q", notes)
	}
}

func TestVerdictsAreInAStableOrder(t *testing.T) {
	h := good(history.ModelBarrier, 40).build()
	first := Run(t.Context(), h, Options{})
	for range 5 {
		if diff := cmp.Diff(first, Run(t.Context(), h, Options{})); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestContradictoryEvidenceIsAFindingOfItsOwn(t *testing.T) {
	r := good(history.ModelLock, 40).session(100, dead, 0, 1)
	rep := Run(t.Context(), r.build(), Options{})
	last := rep.Verdicts[len(rep.Verdicts)-1]
	if rep.Verdict != Unknown || last.Property != "evidence" || last.Result != Unknown || len(last.Witness) != 2 {
		t.Errorf("%+v", rep)
	}
}

func TestUnknownModel(t *testing.T) {
	if _, err := For("mutex", Options{}); err == nil || !strings.Contains(err.Error(), "barrier, double-barrier, election, lock, queue") {
		t.Error(err)
	}
	rep := Run(t.Context(), foreign("mutex").build(), Options{})
	if rep.Verdict != Unknown || !strings.Contains(rep.Verdicts[0].Reason, "lock, queue") {
		t.Errorf("%+v", rep)
	}
	if rep := Run(t.Context(), foreign("").build(), Options{Model: history.ModelLock}); rep.Verdict != Valid {
		t.Errorf("%+v", rep)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := good(history.ModelLock, 40).build()
	if rep := Run(ctx, h, Options{}); rep.Verdict != Unknown {
		t.Errorf("%+v", rep)
	}
	checks, _ := For(history.ModelLock, Options{})
	for _, c := range checks {
		if vs := c.Check(ctx, h); len(vs) != 1 || vs[0].Result != Unknown {
			t.Errorf("%+v", vs)
		}
	}
	if rep := Run(t.Context(), h, Options{Budget: 1}); rep.Verdict != Unknown {
		t.Errorf("%+v", rep)
	}
}

// extra is a check of a user's own.
type extra struct{}

func (extra) Name() string { return "extra" }
func (extra) Check(context.Context, *history.History) []Verdict {
	return []Verdict{{Property: "extra", Result: Violation, Reason: "as planted"}}
}

func TestExtraChecksCount(t *testing.T) {
	rep := Run(t.Context(), good(history.ModelQueue, 40).build(), Options{Extra: []Check{extra{}}})
	if rep.Verdict != Violation {
		t.Errorf("%+v", rep)
	}
}

// TestRefereeThatDisagrees plants a defect in zklab itself: a fast check that
// misses everything, and one that flags everything.
func TestRefereeThatDisagrees(t *testing.T) {
	bad := queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "a", history.OK).take(2, 3, 5, "a", history.OK).build()
	fine := queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "a", history.OK).build()
	for _, tt := range []struct {
		h    *history.History
		says finding
		want string
	}{
		{bad, finding{}, "finds nothing wrong, porcupine finds a violation"},
		{fine, finding{result: Violation, reason: "planted"}, "finds a violation, porcupine finds nothing wrong; planted"},
	} {
		a := analyse(t.Context(), tt.h, history.ModelQueue, nil)
		got := queueReferee.decide(newWhistle(t.Context(), Options{}), a, a.keys[0])
		if !got.decided {
			t.Fatal("not decided")
		}
		row := []finding{tt.says, {}, {}, {}, {}}
		queueReferee.compare(got, a.keys[0], queueProperties, row)
		if row[0].result != Unknown || !strings.Contains(row[0].reason, tt.want) {
			t.Errorf("%+v", row[0])
		}
	}
}

// TestRefereeRefines has a member of unknown fate that must be gone for one to
// leave, and there for the next to enter: each by itself can be explained.
func TestRefereeRefines(t *testing.T) {
	r := gates(2).call(0, history.FEnter, 5, 9, history.Info).
		call(1, history.FEnter, 10, 12, history.OK).call(1, history.FLeave, 14, 16, history.OK).call(2, history.FEnter, 20, 22, history.OK)
	h := r.build()
	if rep := Run(t.Context(), h, Options{NoReferee: true}); rep.Verdict == Violation {
		t.Errorf("the fast check alone: %+v", rep)
	}
	rep := Run(t.Context(), h, Options{})
	if rep.Verdict != Violation || !strings.Contains(fmt.Sprint(rep.Verdicts), "only porcupine found this") {
		t.Errorf("%+v", rep)
	}
}

// hopeless has many unknown dequeues at once: a search has nothing to go by.
func hopeless() *history.History {
	r := queue()
	for i := range 40 {
		r.put(i, 1, 100, fmt.Sprintf("i%d", i), history.OK)
		r.take(i, 101, 200, "", history.Info)
		r.take(i, 201, 300, fmt.Sprintf("i%d", 39-i), history.OK)
	}
	r.take(0, 301, 400, "nobody's", history.OK)
	return r.build()
}

func TestRefereeStaysWithinItsBounds(t *testing.T) {
	h := hopeless()
	began := time.Now()
	if got := Referee(t.Context(), h, Options{Memory: 1 << 20}); len(got) != 0 {
		t.Errorf("decided: %v", got)
	}
	if took := time.Since(began); took > refereeKey+time.Second {
		t.Errorf("took %s", took)
	}
	small := queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "b", history.OK).build()
	if got := Referee(t.Context(), small, Options{}); len(got) != 1 || got["k"] {
		t.Errorf("decided: %v", got)
	}
}

func TestRefereeCountsItsMemory(t *testing.T) {
	m := queueModel()
	s := search{ctx: t.Context(), memory: 100, tries: 100, step: 60}
	s.limit(&m)
	in := queueStep{kind: puts, code: "0000"}
	for i, want := range []bool{true, true, false, false} {
		if ok, _ := m.StepContext(t.Context(), m.Init(), in, nil); ok != want || s.spent.Load() == want {
			t.Errorf("step %d: %v, spent %v", i, ok, s.spent.Load())
		}
	}
}

// Where time stands still the referee gives up all the same.
func TestRefereeInVirtualTime(t *testing.T) {
	h := hopeless()
	synctest.Test(t, func(t *testing.T) {
		if got := Referee(t.Context(), h, Options{Memory: 1 << 40}); len(got) != 0 {
			t.Errorf("decided: %v", got)
		}
	})
}

func TestVisualize(t *testing.T) {
	for _, model := range recipeModels() {
		r := good(model, 5)
		h := r.build()
		var key string
		for _, e := range h.Events {
			if e.Process >= 0 {
				key = e.Key
			}
		}
		var page bytes.Buffer
		if err := Visualize(t.Context(), h, key, &page, Options{}); err != nil || !strings.Contains(page.String(), "<html") {
			t.Errorf("%s: %v, %d bytes", model, err, page.Len())
		}
	}
	bad := queue().put(0, 1, 2, "a", history.OK).take(1, 3, 4, "b", history.OK).build()
	var page bytes.Buffer
	if err := Visualize(t.Context(), bad, "k", &page, Options{}); err != nil || page.Len() == 0 {
		t.Error(err)
	}
	if err := Visualize(t.Context(), bad, "other", &page, Options{}); err == nil {
		t.Error("no error for a key that is not there")
	}
	if err := Visualize(t.Context(), good(history.ModelLock, 1000).build(), "k", &page, Options{}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// TestNothingMakesItPanic checks histories of nonsense.
func TestNothingMakesItPanic(t *testing.T) {
	fs := []string{
		history.FAcquire, history.FRelease, history.FConfirm, history.FWrite, history.FLeader, history.FEnqueue, history.FDequeue,
		history.FRaise, history.FLift, history.FAwait, history.FEnter, history.FLeave, history.FLost, history.FDrained, history.FFinal,
		history.FConnected, history.FDisconnected, history.FExpired, history.FDead, history.FPhase, history.FHealth, history.FStall, "pause", "",
		history.FRequest, history.FReply, history.FEvent,
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
			if strings.Contains(v.Reason, "referee disagrees") {
				t.Fatalf("history %d: %+v\n%s", i, v, dump(h))
			}
		}
	}
}

// Somebody who is alone can break no promise to others.
func TestRoundsOfOneProveNothing(t *testing.T) {
	r := good(history.ModelDoubleBarrier, 20)
	r.header.Params.Parties = 1
	rep := Run(t.Context(), r.build(), Options{NoReferee: true})
	if rep.Verdict != Unknown {
		t.Errorf("%+v", rep)
	}
}
