package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// The end of one session is enough to see whether members of a group come back.
func TestGroupOfOneExpiry(t *testing.T) {
	for subject, want := range map[string]checker.Result{workloads.Own: checker.Valid, "broken:rejoin-lost": checker.Violation} {
		w := must.Get(specimens.Named("membership", subject))(t)
		x := must.Get(plan.Parse("expire:holder@3s", time.Second))(t)
		o := virtually(t, engine.Config{Workload: w, Subject: subject, Faults: x, MinLoad: -1, Seed: 1})
		i := slices.IndexFunc(o.Result.Verdicts, func(v checker.Verdict) bool { return v.Property == "converge" })
		if v := o.Result.Verdicts[i]; v.Result != want {
			t.Errorf("%s: converge is %s, want %s: %s", subject, v.Result, want, v.Reason)
		}
	}
}
