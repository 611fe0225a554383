package reports

import (
	"testing"
	"time"

	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

func TestFairnessWords(t *testing.T) {
	clients := func(grants ...int) (all []stats.ClientGrants) {
		for i, n := range grants {
			all = append(all, stats.ClientGrants{Client: i, Asked: n + 1, Grants: n})
		}
		return all
	}
	for want, f := range map[string]*stats.Fairness{
		"": nil,
		"3 grants for each client (Jain's index 1.000); 0 of 6 overtook a client that had asked before": {
			Grants: 6, Jain: 1, Clients: clients(3, 3),
		},
		"0 to 9 grants per client (Jain's index 0.500); 4 of 9 overtook a client that had asked before, at most 2 in one wait": {
			Grants: 9, Jain: 0.5, Overtook: 4, MostOvertaken: 2, Clients: clients(9, 0),
		},
	} {
		if got := fairnessWords(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := fairnessWords(&stats.Fairness{Grants: 5, Jain: 1, Clients: clients(5)}); got != "" {
		t.Errorf("of a single client: %q", got)
	}
}

// A run without windows of false belief, or with too few, says how many a plot needs.
func TestBeliefPlot(t *testing.T) {
	for want, n := range map[string]int{
		"At no time did two clients believe that they held one key. The plot needs 6 such windows.":                                                  0,
		"The median with its interval needs 6 windows of one kind; measured were two clients (5). zklab sweep puts the times of many runs together.": 5,
		"": 6,
	} {
		r := &store.Result{Stats: stats.Stats{Belief: &stats.Belief{Windows: n}, Samples: &stats.Samples{BeliefWindows: &stats.Times{}}}}
		for i := range n {
			r.Stats.Samples.BeliefWindows.Add(stats.Bound{Time: time.Duration(i+1) * time.Second}, 1)
		}
		f, absent := beliefFigure(&material{r: r})
		if absent != want || (f != nil) != (want == "") {
			t.Errorf("%d windows: %q, figure %v", n, absent, f != nil)
		}
	}
	if f, absent := beliefFigure(&material{r: &store.Result{}}); f != nil || absent != "" {
		t.Errorf("of an object that several clients hold: %q", absent)
	}
}

func TestBeliefWords(t *testing.T) {
	for want, b := range map[string]*stats.Belief{
		"": nil,
		"no two clients believed at the same time that they held": {},
		"2 windows of false belief, 3 s in all, the longest 2 s; a resource that checks tokens refuses 1 of 5 guarded writes": {
			Windows: 2, Total: 3 * time.Second, Longest: 2 * time.Second, Writes: 5, Refused: 1,
		},
	} {
		if got := beliefWords(b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
