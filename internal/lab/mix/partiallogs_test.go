package mix

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
)

// Correct runs are not accused, whatever part of the servers' transactions is known: none, or a log
// that begins late, ends early or has gaps. ZKLAB_PARTIAL_LOGS is the number of seeds of each recipe, 3
// by default.
func TestPartialLogs(t *testing.T) {
	for _, recipe := range specimens.Recipes() {
		t.Run(recipe, func(t *testing.T) {
			for seed := int64(1); seed <= partialLogSeeds(t); seed++ {
				for _, text := range ranOwn(t, recipe, seed).accused {
					t.Error(text)
				}
			}
		})
	}
}

func partialLogSeeds(t *testing.T) int64 {
	t.Helper()
	return must.Get(strconv.ParseInt(cmp.Or(os.Getenv("ZKLAB_PARTIAL_LOGS"), "3"), 10, 64))(t)
}

// accused lists what is reported as wrong with a correct run if only parts of its log are known.
func accused(t *testing.T, o *experiment.Outcome, seed int64) (all []string) {
	t.Helper()
	for name, log := range partialLogs(o.Unkept.Txns, uint64(seed)) {
		for _, v := range checker.Run(t.Context(), o.History, checker.Options{Transactions: log, NoReference: seed%4 != 0}).Verdicts {
			if v.Result == checker.Violation && !v.Measured || v.Property == "evidence" {
				all = append(all, fmt.Sprintf("seed %d, log with %s: %s of %q is %s: %s", seed, name, v.Property, v.Key, v.Result, v.Reason))
			}
		}
	}
	return all
}

// partialLogs returns parts of transactions that may be all that is known of them. None lacks the last
// transactions of an epoch but has those of the next epoch, because such a log cannot exist.
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
