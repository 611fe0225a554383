package checker

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// header is the header of a lock's small runs.
var header = history.Header{Version: 1, Model: "lock", Params: history.Params{Clients: 3}}

// small returns the verdicts of a run in which one acquire met a holder: too few for one
// run by itself.
func small(met float64) []Verdict {
	return []Verdict{
		{Property: "exclusion", Result: Unknown, Unexercised: true, Reason: "too little contention", Figures: map[string]float64{"keys": 1, "contended": met}},
		{Property: "progress", Result: Valid},
	}
}

func pooledOf(t *testing.T, p *Pool, property string) Verdict {
	t.Helper()
	for _, v := range p.Verdicts() {
		if v.Property == property {
			return v
		}
	}
	t.Fatalf("nothing is said of %s", property)
	return Verdict{}
}

// All runs together can have enough of something that no single run has enough of, but
// not of something that no run had.
func TestPoolExercises(t *testing.T) {
	p := NewPool(header, nil, Options{})
	for range 9 {
		p.Add(small(1))
	}
	if v := pooledOf(t, p, "exclusion"); v.Result != Unknown || !strings.Contains(v.Reason, "of 10 wanted") {
		t.Errorf("nine: %+v", v)
	}
	p.Add(small(1))
	if v := pooledOf(t, p, "exclusion"); v.Result != Valid || v.Figures["contended"] != 10 || v.Figures["keys"] != 10 || v.Figures["kept"] != 10 {
		t.Errorf("ten: %+v", v)
	}
	idle := NewPool(header, nil, Options{})
	for range 100 {
		idle.Add(small(0))
	}
	if v := pooledOf(t, idle, "exclusion"); v.Result != Unknown {
		t.Errorf("nobody ever met a holder: %+v", v)
	}
	if v := pooledOf(t, idle, "progress"); v.Result != Valid || idle.Runs() != 100 {
		t.Errorf("%+v", v)
	}
}

// The pool also says what is missing for a program's own objects, whose rules look at a run through
// a view.
func TestPoolOfDeclaredObjects(t *testing.T) {
	hold, nested := declared.Hold{Begin: "enter", End: "leave"}, declared.Hold{Begin: "enter", End: "leave", Nested: true}
	for name, rules := range map[string][]declared.Rule{
		"exclusive": declared.Exclusive(hold), "nested": declared.Exclusive(nested),
		"queue":    declared.Queued(declared.Items{Put: "put", Take: "take"}),
		"distinct": declared.Distinct("next"), "rising": declared.Rising("next"),
	} {
		of := history.Header{Version: 1, Model: "own", Declared: declared.New(objects.Model{Name: "own"}, nil, nil, rules...)}
		p := NewPool(of, []string{"expire"}, Options{Strict: true})
		for _, r := range rules {
			p.Add([]Verdict{{Property: r.Name(), Result: Valid, Figures: map[string]float64{"keys": 1}}})
		}
		for _, r := range rules {
			if v := pooledOf(t, p, r.Name()); v.Result == Unknown && v.Reason == "" {
				t.Errorf("%s: %+v", name, v)
			}
		}
		if v := pooledOf(t, p, rules[0].Name()); v.Result != Unknown {
			t.Errorf("%s: nothing happened, but: %+v", name, v)
		}
	}
}

// If sessions were to end, the session of some holder must have ended.
func TestPoolExpectsFaults(t *testing.T) {
	p := NewPool(header, []string{"expire"}, Options{})
	for range 20 {
		p.Add(small(1))
	}
	if v := pooledOf(t, p, "exclusion"); v.Result != Unknown || !strings.Contains(v.Reason, "death of its session") {
		t.Errorf("%+v", v)
	}
	died := small(1)
	died[0].Figures["ended_by_death"] = 1
	p.Add(died)
	if v := pooledOf(t, p, "exclusion"); v.Result != Valid {
		t.Errorf("%+v", v)
	}
}

// A violation in one run is one of the pool. What was left open in some runs is mentioned,
// and a property that was decided in no run is open.
func TestPoolWorst(t *testing.T) {
	open := []Verdict{{Property: "progress", Result: Unknown, Reason: "the harness was held up"}}
	p := NewPool(header, nil, Options{})
	p.Add(open)
	if v := pooledOf(t, p, "progress"); v.Result != Unknown || v.Reason != open[0].Reason {
		t.Errorf("%+v", v)
	}
	p.Add(small(1))
	if v := pooledOf(t, p, "progress"); v.Result != Valid || v.Figures["open"] != 1 || len(v.Notes) != 1 {
		t.Errorf("%+v", v)
	}
	p.Add([]Verdict{{Property: "progress", Result: Valid, Key: "a"}, {Property: "progress", Result: Violation, Key: "b"}})
	if v := pooledOf(t, p, "progress"); v.Result != Violation || v.Reason != "it was violated in 1 run" {
		t.Errorf("%+v", v)
	}
}

// A property that is only measured counts if the check is strict.
func TestPoolMeasured(t *testing.T) {
	measured := []Verdict{{Property: "belief", Result: Violation, Measured: true}}
	p, strict := NewPool(header, nil, Options{}), NewPool(header, nil, Options{Strict: true})
	p.Add(measured)
	strict.Add(measured)
	if len(p.Verdicts()) != 0 || pooledOf(t, strict, "belief").Result != Violation {
		t.Errorf("%+v %+v", p.Verdicts(), strict.Verdicts())
	}
}

// The result of runs does not depend on the order in which they are added, nor on how they are
// divided among stored pools.
func TestPoolsAreAdded(t *testing.T) {
	runs := [][]Verdict{}
	for i := range 40 {
		runs = append(runs, []Verdict{
			{Property: "exclusion", Result: Valid, Figures: map[string]float64{"held_seconds": 0.1 * float64(i) / 3, "contended": 1, "longest_hold": float64(i % 7)}},
			{Property: "progress", Result: Unknown, Reason: []string{"late", "never"}[i%2]},
		})
	}
	runs[7][0].Result = Violation
	whole := NewPool(header, nil, Options{})
	for _, r := range runs {
		whole.Add(r)
	}
	parts := []*Pool{NewPool(header, nil, Options{}), NewPool(header, nil, Options{}), NewPool(header, nil, Options{})}
	for i, r := range slices.Backward(runs) {
		parts[i*i%3].Add(r)
	}
	sum := NewPool(header, nil, Options{})
	for _, part := range parts {
		text := must.Get(json.Marshal(part.State()))(t)
		var s PoolState
		must.Do(t, errors.Join(json.Unmarshal(text, &s), sum.AddState(s)))
	}
	if diff := cmp.Diff(whole.Verdicts(), sum.Verdicts()); diff != "" || sum.Runs() != len(runs) {
		t.Errorf("%d runs: %s", sum.Runs(), diff)
	}
	if diff := cmp.Diff(whole.State(), sum.State()); diff != "" {
		t.Error(diff)
	}
	if err := sum.AddState(PoolState{Of: map[string]PooledState{"exclusion": {Figures: map[string]string{"held_seconds": "much"}}}}); err == nil {
		t.Error("what is no number was added")
	}
}
