package checker_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/simulated/workloads"
)

// seeds is how many runs of each kind a test makes; ZKLAB_WORLDS says more.
func seeds(def int) int {
	if n, err := strconv.Atoi(os.Getenv("ZKLAB_WORLDS")); err == nil {
		return n
	}
	return def
}

func firstSeed() int {
	n, _ := strconv.Atoi(os.Getenv("ZKLAB_FIRST"))
	return n
}

// violated are the properties that count and are violated.
func violated(rep checker.Report) map[string]bool {
	bad := map[string]bool{}
	for _, v := range rep.Verdicts {
		if v.Result == checker.Violation && !v.Measured {
			bad[v.Property] = true
		}
	}
	return bad
}

func options(model, defect string, seed int) workloads.Options {
	o := workloads.Options{
		Model: model, Defect: defect, Clients: 2 + seed%4, Keys: 1 + seed%2,
		Load: 800 * time.Millisecond, Mark: seed%3 == 0, Calm: seed%8 == 7, Early: seed%5 == 1, GivesUp: seed%5 == 3, Seed: uint64(seed),
	}
	if o.GivesUp { // what follows from that takes a while
		o.Load, o.Long = 2*time.Second, seed%2 == 0
	}
	return o
}

// TestCorrectWorlds looks for false alarms: correct recipes, simulated, whatever happens to
// them. ZKLAB_WORLDS=20000 looks hard; ZKLAB_FIRST is the first seed.
func TestCorrectWorlds(t *testing.T) {
	for _, model := range workloads.Models() {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			unknown, used := map[string]int{}, map[string]int{}
			events := 0
			for i := range seeds(80) {
				seed := firstSeed() + i
				h, txns, wrong := workloads.Run(options(model, "", seed))
				events += len(h.Events)
				if wrong["two holders"]+wrong["orphan"]+wrong["taken twice"] > 0 || wrong["entered short"] > 0 {
					t.Errorf("seed %d: the recipe of the test itself is wrong: %v", seed, wrong)
				}
				for name, list := range logs(txns, seed) {
					rep := checker.Run(t.Context(), h, checker.Options{NoReference: seed%4 != 0, Transactions: list})
					for _, v := range rep.Verdicts {
						if v.Result == checker.Violation && !v.Measured || v.Property == "evidence" {
							t.Errorf("seed %d, log %s: %s %s: %s", seed, name, v.Property, v.Result, v.Reason)
						}
						if strings.Contains(v.Reason, "reference model disagrees") {
							t.Errorf("seed %d, log %s: %s", seed, name, v.Reason)
						}
						if v.Result == checker.Unknown {
							unknown[name+" "+v.Property+": "+v.Reason]++
						}
						if strings.Contains(v.Evidence, "L") {
							used[name+" "+v.Property]++
						}
						for _, fig := range []string{"grants_checked"} {
							used[name+" "+fig] += int(v.Figures[fig])
						}
					}
				}
			}
			if testing.Verbose() {
				t.Log(events, "events; evidence L:", used)
				for _, k := range slices.Sorted(maps.Keys(unknown)) {
					t.Log(unknown[k], k)
				}
			}
		})
	}
}

// logs are what may be known of a run's transactions: nothing, everything, or a
// log that begins late, ends early, or has holes. The end of an epoch is not
// missing in a log that somebody can have; see txns.go.
func logs(txns []history.Txn, seed int) map[string][]history.Txn {
	rng := rand.New(rand.NewPCG(uint64(seed), 11))
	late := txns[rng.IntN(len(txns)):]
	early := txns[:1+rng.IntN(len(txns))]
	holes := slices.Clone(txns)
	for range 1 + rng.IntN(5) {
		from := rng.IntN(len(holes))
		to := min(len(holes), from+1+rng.IntN(len(holes)/10+1))
		if to < len(holes) && holes[to].Zxid>>32 == holes[to-1].Zxid>>32 {
			holes = slices.Delete(holes, from, to)
		}
	}
	return map[string][]history.Txn{"none": nil, "whole": txns, "late": late, "early": early, "holes": holes}
}

// defectiveWorld is a simulated recipe with a planted defect. What is rare shows to some
// seeds.
type defectiveWorld struct {
	model, defect string
	want          string // a property that must be violated in some run
	longer        bool   // it needs more than the usual
	from          int    // a seed soon before the first at which it shows
}

var defectiveWorlds = []defectiveWorld{
	{models.Lock.Name, "check-then-create", "exclusion", false, 0},
	{models.Lock.Name, "ignores-expiry", "lost", false, 0},
	{models.Lock.Name, "leaks-contender", "progress", true, 8},
	{models.Lock.Name, "creates-again", "progress", true, 0},
	{models.Lock.Name, "impatient", "exclusion", false, 0},
	{models.Lock.Name, "deletes-ahead", "exclusion", false, 20},
	{models.Lock.Name, "keeps-node", "progress", false, 0},
	{models.Lock.Name, "persistent", "progress", false, 0},
	{models.Lock.Name, "token-of-session", "tokens", false, 0},
	{models.Lock.Name, "no-fence", "fencing", false, 18},
	{models.Lock.Name, "never-lost", "lost", true, 0},
	{models.Lock.Name, "late-lost", "lost", true, 0},
	{models.Lock.Name, "takes-old-znode", "exclusion", true, 72},
	{models.Election.Name, "sorts-by-name", "exclusion", false, 0},
	{models.Election.Name, "forgets-leader", "who-leads", false, 1},
	{models.Queue.Name, "recreates", "integrity", false, 0},
	{models.Queue.Name, "skips", "order", false, 0},
	{models.Queue.Name, "last-in", "order", false, 0},
	{models.Queue.Name, "says-empty", "empty", false, 0},
	{models.Queue.Name, "ignores-no-node", "integrity", false, 0},
	{models.Queue.Name, "blind-delete-retry", "loss", false, 11},
	{models.Queue.Name, "guesses-mine", "integrity", false, 1},
	{models.PriorityQueue.Name, "ignores-priority", "priority", false, 0},
	{models.PriorityQueue.Name, "no-fence", "strict", false, 0},
	{models.PriorityQueue.Name, "skips", "class-order", false, 0},
	{models.Counter.Name, "sets-blindly", "linearizable", false, 0},
	{models.Counter.Name, "adds-again", "linearizable", false, 7},
	{models.Counter.Name, "no-fence", "linearizable", false, 0},
	{models.Barrier.Name, "times-out-as-ok", "early", false, 0},
	{models.Barrier.Name, "error-as-down", "early", false, 18},
	{models.Barrier.Name, "misses-lift", "late", false, 0},
	{models.DoubleBarrier.Name, "impatient", "enter", false, 0},
	{models.DoubleBarrier.Name, "counts-the-dead", "progress", true, 0},
	{models.DoubleBarrier.Name, "ready-outlives", "enter", true, 0},
	{models.DoubleBarrier.Name, "timed-out-still-counted", "enter", true, 45},
	{models.DoubleBarrier.Name, "counted-twice", "enter", true, 349},
	{models.DoubleBarrier.Name, "leaves-at-once", "leave", false, 0},
	{models.DoubleBarrier.Name, "waits-for-one", "leave", false, 0},
}

// TestDefectiveWorlds plants defects, compares what is caught with what the
// world knows, and wants each caught by the property that is there for it.
func TestDefectiveWorlds(t *testing.T) {
	for _, tt := range defectiveWorlds {
		t.Run(tt.model+"/"+tt.defect, func(t *testing.T) {
			t.Parallel()
			caught := map[string]int{}
			truth := map[string]int{}
			both := map[string]int{}
			n := seeds(4)
			for i := range n {
				seed := tt.from + i
				if n > 4 {
					seed = firstSeed() + i
				}
				o := options(tt.model, tt.defect, seed)
				if tt.longer {
					o.Load, o.Long = 4*time.Second, true
				}
				o.GivesUp = o.GivesUp || tt.defect == "takes-old-znode"
				h, txns, wrong := workloads.Run(o)
				bad := violated(checker.Run(t.Context(), h, checker.Options{NoReference: true}))
				for p := range violated(checker.Run(t.Context(), h, checker.Options{NoReference: true, Transactions: txns})) {
					bad["L "+p] = true
				}
				for p := range bad {
					caught[p]++
				}
				for w := range wrong {
					truth[w]++
					for p := range bad {
						both[fmt.Sprintf("%s|%s", w, p)]++
					}
					if len(bad) == 0 {
						both[w+"|nothing"]++
						if os.Getenv("ZKLAB_MISSES") == w {
							t.Logf("seed %d: %v missed", seed, wrong)
						}
					}
				}
			}
			if testing.Verbose() {
				t.Logf("%d runs: caught %v, truth %v, both %v", n, caught, truth, both)
			}
			if caught[tt.want] == 0 {
				t.Errorf("%s was never violated in %d runs: %v", tt.want, n, caught)
			}
			if caught["L "+tt.want] < caught[tt.want] {
				t.Errorf("with the log %s was violated in fewer of %d runs: %v", tt.want, n, caught)
			}
		})
	}
}

// Some defects hide behind what nobody knows, unless the log tells. With
// ZKLAB_WORLDS it lists the seeds of such runs.
func TestOnlyTheLogConvicts(t *testing.T) {
	for _, tt := range []struct {
		model, defect, property string
		longer                  bool
		seed                    int
	}{
		{models.Lock.Name, "impatient", "grant", false, 16},
		{models.Lock.Name, "late-lost", "exclusion", true, 46},
		{models.Barrier.Name, "hears-of-lift", "early", false, 257},
		{models.Queue.Name, "blind-delete-retry", "loss", false, 43},
	} {
		n := seeds(1)
		for i := range n {
			seed := tt.seed
			if n > 1 {
				seed = firstSeed() + i
			}
			o := options(tt.model, tt.defect, seed)
			if tt.longer {
				o.Load, o.Long = 4*time.Second, true
			}
			h, txns, _ := workloads.Run(o)
			without := violated(checker.Run(t.Context(), h, checker.Options{NoReference: true}))
			with := violated(checker.Run(t.Context(), h, checker.Options{NoReference: true, Transactions: txns}))
			only := with[tt.property] && !without[tt.property] && !without["exclusion"]
			switch {
			case n == 1 && !only:
				t.Errorf("%s: %v without the log, %v with it", tt.defect, without, with)
			case n > 1 && only:
				t.Logf("%s: seed %d: %v without the log, %v with it", tt.defect, seed, without, with)
			}
		}
	}
}
