package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/store"
)

// Runs are alike if they violate the same property with the same shape, whatever the faults.
func TestAlike(t *testing.T) {
	one := Cause{Property: "exclusion", Shape: "acquire ok", Faults: []string{"expire"}}
	same := Cause{Property: "exclusion", Shape: "acquire ok"}
	shape := Cause{Property: "exclusion", Shape: "acquire ok | release ok"}
	property := Cause{Property: "grant", Shape: "acquire ok"}
	for name, c := range map[string]struct {
		runs [][]Cause
		want []Cause
	}{
		"alike":            {[][]Cause{{one}, {property, same}}, []Cause{one}},
		"one is valid":     {[][]Cause{{one}, nil, {one}}, []Cause{}},
		"another shape":    {[][]Cause{{one}, {shape}}, []Cause{}},
		"another property": {[][]Cause{{one}, {property}}, []Cause{}},
		"two of three":     {[][]Cause{{one, shape, property}, {shape, one}}, []Cause{one, shape}},
	} {
		var a Alike
		for _, causes := range c.runs {
			a.Add(causes)
		}
		if diff := cmp.Diff(c.want, a.Causes); diff != "" || a.Runs != len(c.runs) {
			t.Errorf("%s: %d runs, %s", name, a.Runs, diff)
		}
	}
}

func TestCovers(t *testing.T) {
	whole := Cause{Property: "progress", Shape: "acquire info again, release ok | acquire open | harness: final"}
	for shape, want := range map[string]bool{
		whole.Shape:                         true,
		"acquire open | harness: final":     true,
		"acquire open, acquire info":        true, // one client does what two did
		"release ok again":                  true,
		"acquire ok":                        false,
		"acquire open | acquire fail":       false,
		"no events":                         false,
		"acquire open | final":              false,
		"acquire open | harness: final end": false,
	} {
		if got := whole.Covers(Cause{Property: "progress", Shape: shape}); got != want {
			t.Errorf("%q: %v", shape, got)
		}
	}
	if whole.Covers(Cause{Property: "exclusion", Shape: whole.Shape}) {
		t.Error("another property is covered")
	}
	late, other := whole, whole
	late.Errors, other.Errors = []string{"error", "timeout"}, []string{"timeout"}
	if !late.Covers(whole) || !late.Covers(other) || other.Covers(late) {
		t.Error("sorts of errors do not tell causes apart")
	}
}

func TestCausesOf(t *testing.T) {
	h, v := twoHolders(0, 1, 100, 103, []int{1})
	other := v
	other.Key = "k2"
	measured := checker.Verdict{Property: "belief", Result: checker.Violation, Measured: true, Counterexample: v.Counterexample}
	r := &store.Result{Verdicts: []checker.Verdict{{Property: "order", Result: checker.Valid}, measured, v, other}}
	all := CausesOf(r, h)
	if len(all) != 1 || all[0].Property != "exclusion" || all[0].Shape != "acquire ok, release ok" {
		t.Errorf("%+v", all)
	}
	if r.Strict = true; len(CausesOf(r, h)) != 2 {
		t.Error("what is measured does not count, though it is to")
	}
}
