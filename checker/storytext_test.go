package checker_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/onerun"
)

// noText matches what a story must not contain: a mistake in a format, bytes that are not text, and
// times of a clock that has none.
var noText = regexp.MustCompile(`%!|\\x|\x{FFFD}|[\x00-\x09\x0b-\x1f]|\b0\.0{4,} s`)

// readable fails the test if the story of a violation is not readable text.
func readable(t *testing.T, h *history.History, r checker.Report) (n int) {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.Result != checker.Violation {
			continue
		}
		n++
		story := onerun.Counterexample(h, v, onerun.Screen{Messages: true})
		if at := noText.FindStringIndex(story); at != nil {
			t.Errorf("%s has %q:\n%s", v.Property, story[at[0]:at[1]], story)
		}
	}
	return n
}

type generate func(*rand.Rand, checktest.Kind) (*history.History, []history.Txn)

// alone returns a generator of histories without a log.
func alone(f func(*rand.Rand, checktest.Kind) *history.History) generate {
	return func(rng *rand.Rand, how checktest.Kind) (*history.History, []history.Txn) { return f(rng, how), nil }
}

// generated has a generator for each model for which the stored runs have too few
// violations.
var generated = map[string]generate{
	models.Lock.Name: alone(checktest.GenerateHolds), models.Semaphore.Name: alone(checktest.GenerateLeases),
	models.RWLock.Name: alone(checktest.GenerateReadWrite), models.MultiLock.Name: alone(checktest.GenerateMultiLocks),
	models.Partitioner.Name: alone(checktest.GenerateShares), models.Queue.Name: alone(checktest.GenerateQueue),
	models.DelayQueue.Name: alone(checktest.GenerateDelayQueue), models.PriorityQueue.Name: alone(checktest.GeneratePriorityQueue),
	models.JobQueue.Name: alone(checktest.GenerateJobs), models.MasterWorker.Name: alone(checktest.GenerateTasks),
	models.Barrier.Name: alone(checktest.GenerateBarrier), models.Register.Name: alone(checktest.GenerateRegister),
	models.DoubleBarrier.Name: alone(func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateRound(rng, how, true, true)
	}),
	models.Config.Name: alone(func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateConfig(rng, how, true)
	}),
	models.Cache.Name: alone(func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateCache(rng, how, true)
	}),
	models.Membership.Name: checktest.GenerateMembership, models.Discovery.Name: checktest.GenerateDiscovery,
	models.TwoPhaseCommit.Name: alone(checktest.GenerateTransaction),
}

// mostStories is the number of generated violations whose stories the test reads.
const mostStories = 500

// All stories are text: those of stored runs, as they were decided, and those of generated
// violations. Each model has some.
func TestStoriesAreText(t *testing.T) {
	stories := map[string]int{}
	dirs := must.Get(filepath.Glob("testdata/corpus/*"))(t)
	for _, dir := range dirs {
		raw, err := os.ReadFile(filepath.Join(dir, "verdicts.json"))
		var r checker.Report
		if err != nil || json.Unmarshal(raw, &r) != nil {
			t.Fatal(dir, err)
		}
		if r.Verdict != checker.Violation {
			continue
		}
		h, _, err := checktest.Stored(dir)
		if err != nil {
			t.Fatal(err)
		}
		stories[h.Header.Model] += readable(t, h, r)
	}
	for name, generate := range generated {
		n := 0
		for i := 0; i < mostStories && n < mostStories/len(generated)+1; i++ {
			h, txns := generate(rand.New(rand.NewPCG(11, uint64(i))), checktest.Kind(1+i%2))
			n += readable(t, h, checker.Run(t.Context(), h, checker.Options{NoReference: true, Transactions: txns}))
		}
		stories[name] += n
	}
	for _, m := range models.All() {
		if stories[m.Name] == 0 {
			t.Errorf("no story of %s was read", m.Name)
		}
	}
	t.Log(stories)
}
