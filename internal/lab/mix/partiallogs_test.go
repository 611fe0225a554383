package mix

import (
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/workloads"
)

// Correct runs are not accused, whatever part of the servers' transactions is known: nothing, or a
// log that begins late, ends early, or has holes. ZKLAB_PARTIAL_LOGS is the number of seeds of each
// recipe, 3 by default.
func TestPartialLogs(t *testing.T) {
	seeds, err := strconv.Atoi(cmp.Or(os.Getenv("ZKLAB_PARTIAL_LOGS"), "3"))
	if err != nil {
		t.Fatal(err)
	}
	for _, recipe := range workloads.Recipes() {
		t.Run(recipe, func(t *testing.T) {
			w, err := workloads.Named(recipe, workloads.Own)
			if err != nil {
				t.Fatal(err)
			}
			x := usual(t, w)
			for range seeds {
				o, err := Simulate(t, x)
				if err != nil {
					t.Fatal(err)
				}
				for name, log := range partialLogs(o.Unkept.Txns, uint64(x.Seed)) {
					for _, v := range checker.Run(t.Context(), o.History, checker.Options{Transactions: log, NoReference: x.Seed%4 != 0}).Verdicts {
						if v.Result == checker.Violation && !v.Measured || v.Property == "evidence" {
							t.Errorf("seed %d, log with %s: %s of %q is %s: %s", x.Seed, name, v.Property, v.Key, v.Result, v.Reason)
						}
					}
				}
				x.Seed++
			}
		})
	}
}

// partialLogs returns what may be known of transactions. No log lacks only the last transactions of
// an epoch and has the next epoch: nobody can have such a log.
func partialLogs(all []history.Txn, seed uint64) map[string][]history.Txn {
	if len(all) == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, 11))
	holes := slices.Clone(all)
	for range 1 + rng.IntN(5) {
		from := rng.IntN(len(holes))
		to := min(len(holes), from+1+rng.IntN(len(holes)/10+1))
		if to < len(holes) && holes[to].Zxid>>32 == holes[to-1].Zxid>>32 {
			holes = slices.Delete(holes, from, to)
		}
	}
	return map[string][]history.Txn{
		"nothing": nil, "a late beginning": all[rng.IntN(len(all)):], "an early end": all[:1+rng.IntN(len(all))], "holes": holes,
	}
}
