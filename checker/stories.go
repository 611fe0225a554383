package checker

import (
	"github.com/zklab/zklab/checker/internal/causes"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
)

// addStories gives each violation with a counterexample its story, unless its check gave one, and
// the transactions that explain it.
func addStories(h *history.History, a *evidence.Record, vs []Verdict) []Verdict {
	var r *explain.Reader
	for i := range vs {
		v := &vs[i]
		if v.Result != Violation || len(v.Counterexample) == 0 {
			continue
		}
		v.Committed = causes.Of(a, causes.Violation{
			Key: v.Key, Counterexample: v.Counterexample, Znodes: v.Znodes, Waiting: Liveness(a.Object.Name, v.Property),
		})
		if v.Story != nil {
			continue
		}
		if r == nil {
			r = explain.Read(h)
		}
		v.Story = r.Scene(Telling(a.Object.Name, v.Property), v.Key, v.Counterexample, v.Calls()...).Story()
		v.Story = append(v.Story, v.Conclusion...)
	}
	return vs
}
