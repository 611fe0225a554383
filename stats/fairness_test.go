package stats

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Client 1 asks first and is overtaken twice, by client 2 and again by client 0; on another key no
// client is overtaken.
func TestFairness(t *testing.T) {
	b := historytest.New(models.Lock.Name)
	grant, held := models.Grant{Token: 1}, models.Held{Held: true}
	b.Op(0, models.FAcquire, "k", 1, 2, history.OK, nil, grant)
	b.Op(1, models.FAcquire, "k", 3, 50, history.OK, nil, grant)
	b.Op(2, models.FAcquire, "k", 4, 12, history.OK, nil, grant)
	b.Op(0, models.FRelease, "k", 10, 11, history.OK, held, nil)
	b.Op(3, models.FAcquire, "k2", 13, 14, history.OK, nil, grant)
	b.Op(0, models.FAcquire, "k", 15, 22, history.OK, nil, grant)
	b.Op(2, models.FRelease, "k", 20, 21, history.OK, held, nil)
	b.Op(0, models.FRelease, "k", 40, 41, history.OK, held, nil)
	b.Op(4, models.FAcquire, "k", 42, 60, history.Fail, nil, nil)
	s := Compute(b.History())
	exact := func(ms float64) measured.Bound { return measured.Bound{Time: historytest.At(ms)} }
	want := &Fairness{
		Grants: 5, Overtook: 2, MostOvertaken: 2, Jain: 25. / (5 * 7),
		Clients: []ClientGrants{
			{0, 2, 2, exact(1), exact(7)},
			{1, 1, 1, exact(47), exact(47)},
			{2, 1, 1, exact(8), exact(8)},
			{3, 1, 1, exact(1), exact(1)},
			{4, 1, 0, measured.Bound{Time: 18 * ms, AtLeast: true}, measured.Bound{Time: 18 * ms, AtLeast: true}},
		},
	}
	if diff := cmp.Diff(want, s.Fairness); diff != "" {
		t.Error(diff)
	}
	var sum samples.Samples
	sum.Merge(&samples.Samples{Fairness: &samples.Fairness{Grants: 3, Overtook: 1, MostOvertaken: 1, LeastJain: 0.9}})
	sum.Merge(s.Samples)
	if diff := cmp.Diff(&samples.Fairness{Grants: 8, Overtook: 3, MostOvertaken: 2, LeastJain: 25. / (5 * 7)}, sum.Fairness); diff != "" {
		t.Error(diff)
	}
}

// drawAcquires draws acquires of a few clients on two keys. Some fail, some never end.
func drawAcquires(t *rapid.T) *historytest.Builder {
	b := historytest.New(models.Lock.Name)
	for client := range rapid.IntRange(1, 5).Draw(t, "clients") {
		at := 0.0
		for range rapid.IntRange(0, 6).Draw(t, "acquires") {
			from := at + float64(rapid.IntRange(1, 20).Draw(t, "pause"))
			at = from + float64(rapid.IntRange(1, 60).Draw(t, "wait"))
			outcome := rapid.SampledFrom([]history.Type{history.OK, history.OK, history.Fail, history.Info}).Draw(t, "outcome")
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			if rapid.IntRange(0, 9).Draw(t, "never ends") == 0 {
				b.Op(client, models.FAcquire, key, from, historytest.Never, outcome, nil, nil)
				break
			}
			b.Op(client, models.FAcquire, key, from, at, outcome, nil, models.Grant{Token: 1})
		}
	}
	return b
}

// A look at all pairs of acquires finds the same overtakings.
func TestOvertakings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := drawAcquires(t).History().Operations()
		grants, most := 0, 0
		overtaken := map[*history.Operation]int{}
		for _, g := range ops {
			if g.Outcome() != history.OK {
				continue
			}
			overtook := false
			for _, w := range ops {
				waits := w.Return == nil || w.Return.Index > g.Return.Index
				if w.Key == g.Key && w.Invoke.Index < g.Invoke.Index && waits {
					overtook = true
					overtaken[w]++
					most = max(most, overtaken[w])
				}
			}
			if overtook {
				grants++
			}
		}
		if gotGrants, gotMost := overtakings(ops); gotGrants != grants || gotMost != most {
			t.Errorf("%d and %d, want %d and %d", gotGrants, gotMost, grants, most)
		}
	})
}
