package compare

import (
	"testing"

	"github.com/zklab/zklab/stats/samples"
)

// Simulated runs of equal seeds are compared pair by pair, so that 5 % more in each run is found although runs of
// different seeds differ by a factor of hundreds.
func TestPairs(t *testing.T) {
	q := quantity{metric: &samples.Metrics[0], part: "acquire", quantile: 0.5}
	group := func(factor func(seed int64) float64) *Group {
		g := &Group{Name: "runs", figures: map[quantity][]float64{}}
		for seed := range int64(20) {
			v := float64(1+seed*seed) * factor(seed)
			g.figures[q] = append(g.figures[q], v)
			g.pair(seed, figures{q: v})
		}
		return g
	}
	same := func(int64) float64 { return 1 }
	longer := func(int64) float64 { return 1.05 }
	either := func(seed int64) float64 { return 0.9 + 0.2*float64(seed%2) }
	for _, c := range []struct {
		name  string
		to    *Group
		unit  Unit
		found bool
	}{
		{"longer", group(longer), BySeed, true},
		{"the same", group(same), BySeed, false},
		{"longer in half of the runs, shorter in the others", group(either), BySeed, false},
		{"longer, in real time", func() *Group { g := group(longer); g.unpaired = true; return g }(), ByRun, false},
		{"longer, with a seed twice", func() *Group { g := group(longer); g.pair(1, nil); return g }(), ByRun, false},
	} {
		groups := []*Group{group(same), c.to}
		unit := unitOf(groups, q)
		if unit != c.unit {
			t.Errorf("%s: by %s, want by %s", c.name, unit, c.unit)
		}
		if change := changeOf(groups[0], c.to, q, unit); (change.P < Alpha) != c.found {
			t.Errorf("%s: p = %v", c.name, change.P)
		}
	}
}
