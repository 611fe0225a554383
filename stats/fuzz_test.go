package stats

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/allocs"
)

// FuzzCompute measures any lines as a history of any model: in bounded memory,
// twice the same, and with figures that JSON can hold.
func FuzzCompute(f *testing.F) {
	names := []string{models.Lock.Name, models.Queue.Name, models.Election.Name, models.DoubleBarrier.Name, models.Session.Name, "other"}
	b := historytest.New(models.Lock.Name)
	b.Op(0, models.FAcquire, "k", 1, 3, history.OK, nil, models.Grant{Token: 7}).Session(0xa)
	b.Op(1, models.FAcquire, "k", 2, 9, history.Info, nil, nil).Session(0xb).Error("timeout")
	b.Op(0, models.FRelease, "k", 5, 6, history.OK, models.Held{Held: true}, nil).Session(0xa)
	b.Fact(0, history.FPhase, "", history.Phase{Name: history.PhaseLoad})
	b.Fact(0, history.FHealth, "", history.Health{Healthy: true, When: "before", Leader: 1, Epoch: 1})
	for i, step := range []string{history.StepInject, history.StepVerified, history.StepElected, history.StepHeal, history.StepHealed} {
		b.Fact(float64(2+i), "pause", "", history.FaultStep{Fault: 1, Step: step, Spec: "pause:leader", Servers: []int{1}, Clients: []int{0}})
	}
	b.Fact(8, history.FStall, "", history.Stall{Gap: time.Second})
	b.Fact(9, history.FPhase, "", history.Phase{Name: history.PhaseHeal})
	lines, err := historytest.Lines(b.History())
	if err != nil {
		f.Fatal(err)
	}
	for i := range names {
		f.Add(uint8(i), lines)
	}
	f.Fuzz(func(t *testing.T, which uint8, lines []byte) {
		h := historytest.Salvage(history.Header{Model: names[int(which)%len(names)]}, lines)
		var s Stats
		allocs.Within(t, len(lines), 5000, func() {
			s = Compute(h)
			Points(h)
			holds.Overlaps(holds.Of(h).All())
			Windows(h)
		})
		if again := Compute(h); !reflect.DeepEqual(s, again) {
			t.Errorf("computed once -, twice +: %s", cmp.Diff(s, again))
		}
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
	})
}
