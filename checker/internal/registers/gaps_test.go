package registers

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
)

// Chains of compare-and-sets are divided among gaps as by trying everything; if there
// are too many to try, nothing is claimed.
func TestChainsFillGapsAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	fits, cut := 0, 0
	n := checktest.Rounds(t, 15_000)
	for i := range n {
		rng := rand.New(rand.NewPCG(23, uint64(i)))
		p := packing{tries: packingTries}
		until := time.Duration(rng.IntN(3))
		for range 1 + rng.IntN(3) {
			p.gaps = append(p.gaps, gap{length: int64(rng.IntN(5)), until: until})
			until += time.Duration(rng.IntN(3))
		}
		for range rng.IntN(3) {
			p.single = append(p.single, time.Duration(rng.IntN(6)))
		}
		slices.Sort(p.single)
		for range rng.IntN(4) {
			begun := time.Duration(0)
			var c chainOf
			for range 1 + rng.IntN(4) {
				begun += time.Duration(rng.IntN(3))
				c = append(c, begun)
			}
			p.chains = append(p.chains, c)
		}
		g, _ := p.short()
		got := g == nil && p.fits(0, 0, 0)
		if want := packs(p, make([]int64, len(p.gaps)), 0); got != want {
			t.Fatalf("%d: %v, by brute force %v: %+v", i, got, want, p)
		}
		if got {
			fits++
		} else if g == nil {
			cut++
		}
	}
	if fits < n/10 || cut < n/200 {
		t.Errorf("%d fit, and %d would if chains could be cut", fits, cut)
	}
}

// packs tries each chain, from the given one on, in each gap.
func packs(p packing, has []int64, from int) bool {
	if all := append(slices.Clone(p.chains), ones(p.single)...); from < len(all) {
		for g := range p.gaps {
			n := int64(all[from].within(p.gaps[g].until))
			has[g] += n
			found := packs(p, has, from+1)
			has[g] -= n
			if found {
				return true
			}
		}
		return false
	}
	for g := range p.gaps {
		if has[g] < p.gaps[g].length {
			return false
		}
	}
	return true
}

func ones(of []time.Duration) (chains []chainOf) {
	for _, t := range of {
		chains = append(chains, chainOf{t})
	}
	return chains
}
