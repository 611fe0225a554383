package zklab_test

import (
	"math"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// The figures of a run measure the windows of false belief that its property decides on.
func TestBeliefIsMeasuredAsDecided(t *testing.T) {
	schedule := must.Get(plan.Parse("expire:holder,freeze:holder+6s", time.Second))(t)
	for seed := range int64(4) {
		for _, subject := range []string{workloads.Own, specimens.GoZookeeper} {
			w := must.Get(specimens.Named(models.Lock.Name, subject))(t)
			o, err := zklab.SimulateIn(t, zklab.Experiment{
				Workload: w, Seed: 1 + seed, Keys: 2, Faults: schedule, TimeLimit: 20 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			var windows, total float64
			for _, v := range o.Result.Verdicts {
				if v.Property == "belief" {
					windows += v.Figures["overlaps"]
					total += v.Figures["total_seconds"]
				}
			}
			got := o.Result.Stats.Belief
			if windows == 0 || float64(got.Windows) != windows || math.Abs(got.Total.Seconds()-total) > 1e-6 {
				t.Errorf("seed %d, %s: %d windows, %v in all; the property has %v, %v s", 1+seed, subject, got.Windows, got.Total, windows, total)
			}
		}
	}
}
