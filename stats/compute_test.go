package stats

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/samples"
)

func TestComputeOfNothing(t *testing.T) {
	got := Compute(&history.History{})
	want := Stats{ByF: []ByF{}, Faults: []Fault{}, FaultKinds: []FaultKind{}, Failovers: []FailoverSum{}, Contended: -1, Samples: &samples.Samples{Runs: 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCountsAndRate(t *testing.T) {
	var b builder
	b.fact(0, history.FPhase, history.Phase{Name: history.PhaseSetup})
	b.op(1*ms, 901*ms, 0, history.OK, "") // before the load: counted, but not in rate and latencies
	b.fact(1000*ms, history.FPhase, history.Phase{Name: history.PhaseLoad})
	b.op(1100*ms, 1110*ms, 0, history.OK, "")
	b.op(1200*ms, 1230*ms, 0, history.OK, "")
	b.invoke(1240*ms, 0, models.FConfirm, "q", nil).ok(1240*ms, 0, models.FConfirm, "q", nil) // the harness answers it, not the subject
	b.op(1300*ms, 1400*ms, 0, history.Fail, "busy")
	b.op(1500*ms, 1600*ms, 0, history.Info, "timeout")
	b.fact(1700*ms, history.FStall, history.Stall{Gap: 300 * ms})
	b.fact(1800*ms, history.FStall, history.Stall{Gap: 30 * ms})
	b.invoke(2000*ms, 1, models.FDequeue, "q", nil)
	b.fact(3000*ms, history.FPhase, history.Phase{Name: history.PhaseHeal})

	got := Compute(&b.h)
	if got.Operations != 6 || got.OK != 3 || got.Fail != 1 || got.Info != 2 || got.Stalls != 1 || got.LongestStall != 300*ms {
		t.Errorf("counts: %+v", got)
	}
	if got.Load != 2*time.Second || got.Rate != 1 {
		t.Errorf("load %v, rate %v", got.Load, got.Rate)
	}
	want := []ByF{
		{F: "confirm", OK: 1},
		{F: "dequeue", Info: 1},
		{F: "enqueue", OK: 3, Fail: 1, Info: 1, P50: 10 * ms, P90: 30 * ms, P99: 30 * ms, Max: 30 * ms},
	}
	close := cmp.Comparer(func(a, b time.Duration) bool { return math.Abs(float64(a-b)) <= float64(b)/500 })
	if d := cmp.Diff(want, got.ByF, close); d != "" {
		t.Error(d)
	}
}

func TestLatencyCountsFromTheIntendedStart(t *testing.T) {
	var b builder
	b.add(history.Event{Time: 500 * ms, Client: 0, Type: history.Invoke, F: "enqueue", Intended: 100 * ms})
	b.add(history.Event{Time: 510 * ms, Client: 0, Type: history.OK, F: "enqueue"})
	p := Points(&b.h)
	if len(p) != 1 || p[0].At != 100*ms || p[0].Latency != 410*ms {
		t.Errorf("points: %+v", p)
	}
}

func TestOpenOperationIsAPointUpToTheEnd(t *testing.T) {
	var b builder
	b.invoke(100*ms, 0, "enqueue", "q", nil)
	b.fact(900*ms, history.FEnd, nil)
	want := []Point{{At: 100 * ms, Latency: 800 * ms, F: "enqueue", Outcome: history.Info, Open: true}}
	if d := cmp.Diff(want, Points(&b.h)); d != "" {
		t.Error(d)
	}
}

func TestQuantilesOverTimeLeavesEmptyWindowsOut(t *testing.T) {
	var points []Point
	for i := range 100 {
		points = append(points, Point{At: time.Duration(i) * ms, Latency: time.Duration(i+1) * ms, F: "enqueue", Outcome: history.OK})
	}
	points = append(
		points,
		Point{At: 2500 * ms, Latency: 7 * ms, F: "enqueue", Outcome: history.OK},
		Point{At: 2500 * ms, Latency: time.Second, F: "enqueue", Outcome: history.Fail},
		Point{At: 2500 * ms, Latency: time.Second, F: "dequeue", Outcome: history.OK},
	)
	got := QuantilesOverTime(points, "enqueue", time.Second)
	if len(got) != 2 || got[0].Count != 100 || got[1].From != 2*time.Second || got[1].Count != 1 {
		t.Fatalf("windows: %+v", got)
	}
	if d := got[0].P50 - 50*ms; d < -ms || d > ms {
		t.Errorf("p50 is %v", got[0].P50)
	}
	if got[0].P99 < 98*ms || got[0].P99 > 100*ms || got[1].P99 != 7*ms {
		t.Errorf("p99 are %v and %v", got[0].P99, got[1].P99)
	}
	if got := QuantilesOverTime(points, "enqueue", 0); got != nil {
		t.Errorf("windows of no width: %v", got)
	}
}

func TestLoadOfAForeignHistory(t *testing.T) {
	var b builder
	b.op(1000*ms, 1100*ms, 0, history.OK, "")
	b.op(2000*ms, 3000*ms, 0, history.OK, "")
	if got := Compute(&b.h); got.Load != 2*time.Second || got.Rate != 1 {
		t.Errorf("load %v, rate %v", got.Load, got.Rate)
	}
}
