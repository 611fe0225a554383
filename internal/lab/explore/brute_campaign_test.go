//go:build campaign

package explore

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// With all kinds of faults, all pairs of the smallest scenarios together find no more than the pairs that are run.
// Among the subjects are mutants that single faults break.
func TestPairsOfRecipesByBruteForce(t *testing.T) {
	for _, c := range [][2]string{
		{"counter", workloads.Own},
		{"counter", "broken:retries-set-after-loss"},
		{"register", workloads.Own},
		{"config", workloads.Own},
		{"discovery", workloads.Own},
		{"queue", workloads.Own},
		{"lock", workloads.Own},
	} {
		t.Run(c[0]+" "+c[1], func(t *testing.T) {
			w := must.Get(specimens.Named(c[0], c[1]))(t)
			x := small(w, 1, 2, 1)
			x.PlayProcesses = x.Playable()
			brute(t, x).compare(t)
		})
	}
}
