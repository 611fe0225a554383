package checker

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// A queue's verdicts count all mistakes, and not only those that they name.
func TestAnomalies(t *testing.T) {
	r := checktest.Queue()
	for i, item := range []string{"a", "b", "c", "d"} {
		r.Put(0, 10*i+1, 10*i+2, item, history.OK)
	}
	r.Take(1, 50, 51, "a", history.OK).Take(1, 52, 53, "a", history.OK).Take(1, 54, 55, "x", history.OK).Take(1, 56, 57, "y", history.OK).Take(1, 58, 59, "d", history.OK)
	r.KeyFact(100, history.FDrained, "k", objects.Drained{Empty: true})
	vs := Run(t.Context(), r.Build(), Options{}).Verdicts
	for property, want := range map[string][]Anomaly{
		"integrity": {{Kind: "duplicated", Count: 1, First: []string{"a (2 times)"}}, {Kind: "unexpected", Count: 2, First: []string{"x", "y"}}},
		"loss":      {{Kind: "lost", Count: 2, First: []string{"b", "c"}}},
	} {
		i := slices.IndexFunc(vs, func(v Verdict) bool { return v.Property == property })
		if i < 0 || vs[i].Result != Violation {
			t.Errorf("%s: %+v", property, vs)
			continue
		}
		if d := cmp.Diff(want, []Anomaly(vs[i].Anomalies)); d != "" {
			t.Errorf("%s: %s", property, d)
		}
	}
}
