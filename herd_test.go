package zklab_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats/samples"
	"github.com/zklab/zklab/workloads"
)

// A release of zklab's lock wakes two waiters, however many there are. A release of the lock whose
// waiters all watch the holder wakes all of them, although it keeps every promise. Clients that
// give up one attempt in ten wake a few more.
func TestHerd(t *testing.T) {
	const contenders = 10
	for subject, want := range map[string]struct{ least, most float64 }{
		workloads.Own:           {1.9, 2.5},
		specimens.GoZookeeper:   {0.9, 1.5},
		workloads.Own + "-herd": {contenders - 1.1, contenders},
	} {
		w := must.Get(specimens.Named(models.Lock.Name, subject))(t)
		o, err := zklab.SimulateIn(t, zklab.Experiment{
			Workload: w, Seed: 1, Clients: contenders, Keys: 1, Rate: 2000, OpTimeout: time.Minute, TimeLimit: 5 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		if o.Result.Verdict != checker.Valid {
			t.Errorf("%s: %s", subject, o.Result.Verdict)
		}
		var full samples.HerdPoint
		for _, p := range o.Result.Stats.Cost.Herd.ByContenders {
			if p.Contenders == contenders {
				full = p
			}
		}
		if got := float64(full.Events) / float64(max(full.OK, 1)); full.OK < 100 || got < want.least || got > want.most {
			t.Errorf("%s: %.2f watch events per release of %d, want %v to %v", subject, got, full.OK, want.least, want.most)
		}
	}
}
