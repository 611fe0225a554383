package holds_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
)

func TestStays(t *testing.T) {
	b := newBuilder()
	for client, left := range []history.Type{history.OK, history.Info, history.Fail} {
		b.op(client, models.FEnter, float64(1+client), 10, history.OK, nil, nil)
		b.op(client, models.FLeave, 30, 40, left, nil, nil)
	}
	b.op(3, models.FEnter, 4, 10, history.OK, nil, nil)
	b.fact(20, 3, history.FExited, nil)
	b.op(4, models.FEnter, 5, 10, history.Info, nil, nil)
	b.op(0, models.FRaise, 50, 51, history.OK, nil, nil)
	b.fact(55, 0, history.FExited, nil)
	b.op(1, models.FLift, 60, 61, history.Fail, nil, nil)
	b.op(1, models.FLift, 70, 71, history.Info, nil, nil)
	b.op(0, models.FRaise, 80, 81, history.OK, nil, nil)
	b.Fact(100, history.FPhase, "", nil)

	type line struct {
		Client      int
		From, Until time.Duration
		Open        bool
	}
	for model, want := range map[*models.Model][]line{
		models.DoubleBarrier: {{0, 10 * ms, 30 * ms, false}, {1, 10 * ms, 30 * ms, false}, {2, 10 * ms, 100 * ms, true}, {3, 10 * ms, 20 * ms, false}},
		models.Barrier:       {{0, 51 * ms, 70 * ms, false}, {0, 81 * ms, 100 * ms, true}},
	} {
		var got []line
		for _, s := range holds.Of(b.History()).Stays(model) {
			got = append(got, line{s.Begin.Client, s.From, s.Until, s.Open})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", model.Name, d)
		}
	}
}
