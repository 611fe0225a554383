package coverage

import (
	"math"
	"math/bits"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// tally returns a tally with one behaviour for each number of runs that met it.
func tally(runs int, in ...int) (t Tally) {
	for run := range runs {
		var met []uint32
		for b, n := range in {
			if run < n {
				met = append(met, uint32(b))
			}
		}
		t.Add(met)
	}
	return t
}

// Chao2's number of unseen species is Q1(Q1-1)/2(Q2+1), times (n-1)/n; in infinitely many runs, all of them are met.
func TestEstimate(t *testing.T) {
	met := tally(50, 50, 20, 2, 2, 1, 1, 1, 1)
	e := met.Estimate(1 << 30)
	if want := 49. / 50 * 4 * 3 / (2 * 3); e.Met != 8 || e.Once != 4 || e.Twice != 2 || math.Abs(e.New-want) > 1e-6 {
		t.Errorf("%+v, want %g new ones", e, want)
	}
	few := met.Estimate(1)
	if want := 4. / 50; math.Abs(few.New-want) > 0.01 { // Good and Turing: the share of species met once
		t.Errorf("%+v, want %g new ones in the next run", few, want)
	}
	if few.Low < 0 || few.Low > few.New || few.High < few.New {
		t.Errorf("%+v", few)
	}
	for name, all := range map[string]Tally{"nothing": tally(50), "no run": tally(0), "nothing once": tally(50, 50, 3, 2)} {
		if e := all.Estimate(50); e.New != 0 || e.High != 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := tally(50, 50, 1); math.IsNaN(e.Estimate(50).New) || e.Estimate(50).New <= 0 {
		t.Errorf("one met once: %+v", e.Estimate(50))
	}
}

// With no violation in fifty runs, the rate is below 1 in 17, with 95 %: at that rate, fifty runs without a violation
// have a chance of 1 in 20.
func TestQuiet(t *testing.T) {
	if got := Quiet(50); got != "no violation in 50 runs: fewer than 1 run in 17 has one, with 95 %" {
		t.Error(got)
	}
	for _, few := range []int{0, 1, 4} { // fewer than 1 run in 1 says nothing
		if Quiet(few) != "" {
			t.Error(Quiet(few))
		}
	}
}

// A place has no numbers, but says whether the message is a repetition.
func TestPlace(t *testing.T) {
	for spec, want := range map[string]string{
		"lose-reply@client1/acquire#2/create#1/reply":           "lose-reply at acquire/create/reply",
		"late-request:repeated=true@client1/release#2/delete#3": "late-request:repeated=true at release/delete again",
		"cut@client0/acquire#1/getChildren#1/reply/after":       "cut at acquire/getChildren/reply/after",
		"expire:holder": "",
	} {
		if got := place(spec); got != want {
			t.Errorf("%s: %q, want %q", spec, got, want)
		}
	}
	if h := Hashes([]string{"b", "a", "b"}); len(h) != 2 || !slices.IsSorted(h) {
		t.Error(h)
	}
}

// A behaviour says what happened to a call: faults on its client, what other clients did meanwhile, and what became
// of its session.
func TestOf(t *testing.T) {
	b := historytest.New(models.Lock.Name)
	b.Op(0, models.FAcquire, "k", 0, 100, history.OK, nil, nil)
	b.Op(1, models.FAcquire, "k", 10, 300, history.Info, nil, nil).Error("connection-loss")
	b.Op(0, models.FRelease, "k", 150, 160, history.OK, nil, nil)
	b.Op(2, models.FRelease, "other", 150, 170, history.OK, nil, nil)
	b.Session(200, 1, 101, history.FDisconnected, "", nil)
	for at, step := range map[float64]string{20: history.StepInject, 30: history.StepVerified, 40: history.StepHealed} {
		b.Fact(at, "lose-reply", "", history.FaultStep{Fault: 1, Step: step, Spec: "lose-reply@client1/acquire#1/create#1/reply", Clients: []int{1}})
	}
	want := []string{
		"acquire, info, connection-loss, lose-reply, while acquire, while release, disconnected",
		"acquire, ok",
		"lose-reply at acquire/create/reply",
		"release, ok",
	}
	if diff := cmp.Diff(want, Of(b.History())); diff != "" {
		t.Error(diff)
	}
}

// The curve of a few runs equals the average over all choices of runs, and ends at the estimate.
func TestCurve(t *testing.T) {
	sets := [][]uint32{{1, 2, 3}, {1, 2}, {1, 4, 5}, {1, 2, 6}, {1}}
	var met Tally
	for _, set := range sets {
		met.Add(set)
	}
	curve := met.Curve()
	if len(curve) != 2*len(sets) {
		t.Fatalf("%d points", len(curve))
	}
	for runs := 1; runs <= len(sets); runs++ {
		sum, choices := 0, 0
		for choice := range 1 << len(sets) {
			if bits.OnesCount(uint(choice)) != runs {
				continue
			}
			seen := map[uint32]bool{}
			for i, set := range sets {
				for _, b := range set {
					if choice>>i&1 == 1 {
						seen[b] = true
					}
				}
			}
			sum, choices = sum+len(seen), choices+1
		}
		if want := float64(sum) / float64(choices); curve[runs-1].Runs != runs || math.Abs(curve[runs-1].Met-want) > 1e-9 {
			t.Errorf("%+v, want %g", curve[runs-1], want)
		}
	}
	last, e := curve[len(curve)-1], met.Estimate(len(sets))
	if last.Runs != 10 || last.Met != 6+e.New || last.Low != 6+e.Low || last.High != 6+e.High {
		t.Errorf("%+v, want 6 and %+v", last, e)
	}
	for i := range curve[1:] {
		if curve[i+1].Met < curve[i].Met || curve[i+1].Runs <= curve[i].Runs {
			t.Errorf("%+v after %+v", curve[i+1], curve[i])
		}
	}
}

// Shards make one curve, and thousands of runs have no more points than hundreds.
func TestCurveLength(t *testing.T) {
	for runs, want := range map[int]int{0: 0, 1: 0, 2: 4, 40: 80, 5000: 80} {
		met := tally(runs, 1, runs/2, runs)
		curve := met.Curve()
		if len(curve) != want {
			t.Errorf("%d points for %d runs", len(curve), runs)
		}
		for _, p := range curve {
			if math.IsNaN(p.Met) || p.Met < 0 {
				t.Errorf("%d runs: %+v", runs, p)
			}
		}
	}
}

// The same runs have the same curve, to the last bit, even if shards are merged.
func TestCurveRepeats(t *testing.T) {
	var in []int
	for n := range 48 {
		in = append(in, n+1, n/2+1, n/3+1)
	}
	met := tally(48, in...)
	first := met.Curve()
	for range 50 {
		if diff := cmp.Diff(first, met.Curve()); diff != "" {
			t.Fatal(diff)
		}
	}
}
