package checker

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// cacheScenarios returns scenarios written by hand.
func cacheScenarios() []scenario {
	ok, info := history.OK, history.Info
	two := func() *checktest.Record {
		return checktest.Cache().Puts(0, 1, 2, "a", "1", ok).Puts(0, 3, 4, "a", "2", ok)
	}
	ends := func(r *checktest.Record, shown ...string) *checktest.Record {
		return r.Remains(20000, shown...).Fact(20001, history.FEnd, nil)
	}
	return []scenario{
		{"a value that nobody put", "valid", Violation, `client 1 saw k/a at 0.006 s: "x", which no client ever set`, two().Looks(1, 5, 6, false, "a", "x")},
		{"a znode that nobody put", "valid", Violation, `client 1 saw k/b at 0.006 s`, two().Looks(1, 5, 6, false, "a", "2", "b", "x")},
		{"a value of another znode", "valid", Violation, `client 1 saw k at 0.006 s: "1", which no client`, two().Looks(1, 5, 6, false, ".", "1")},
		{"a value whose put had failed", "valid", Violation, "failed", checktest.Cache().Puts(0, 1, 2, "a", "1", history.Fail).Looks(1, 5, 6, false, "a", "1")},

		{"a value whose put nobody knows of", "valid", Valid, "", checktest.Cache().Puts(0, 1, 2, "a", "1", info).Looks(1, 5, 6, false, "a", "1")},

		{"in order", "order", Valid, "", two().Looks(1, 1, 3, false, "a", "1").Looks(1, 4, 5, false, "a", "2")},
		{"an older one after a later one", "order", Violation, `client 1 saw k/a at 0.008 s: "1", which had been set by 0.002 s, after "2"`, two().Looks(1, 5, 6, false, "a", "2").Looks(1, 7, 8, false, "a", "1")},
		{"none though nobody removed it", "order", Violation, "it had not been deleted since", two().Looks(1, 5, 6, false, "a", "1").Looks(1, 7, 8, false)},
		{"none after a remove", "order", Valid, "", two().Puts(0, 5, 6, "a", "", ok).Looks(1, 5, 6, false, "a", "2").Looks(1, 7, 8, false)},
		{"two znodes of two times", "order", Valid, "", two().Puts(0, 5, 6, "b", "3", ok).Looks(1, 7, 8, false, "a", "1", "b", "3").Looks(1, 9, 10, false, "a", "2", "b", "3")},
		{"a put of unknown outcome", "order", Valid, "", checktest.Cache().Puts(0, 5, 6, "a", "u", info).Puts(0, 7, 8, "a", "1", ok).Looks(1, 300, 301, false, "a", "1").Looks(1, 302, 303, false, "a", "u")},

		{"current", "current", Valid, "", two().Looks(1, 5, 6, true, "a", "2")},
		{"not said to be current", "current", Valid, "", two().Looks(1, 5, 6, false, "a", "1")},
		{"what was over", "current", Violation, `"1", reported as current by a look that began at 0.005 s; but by 0.004 s there was "2", which client 0 began to set at 0.003 s`, two().Looks(1, 5, 6, true, "a", "1")},
		{"what was over by a put whose reply was lost", "current", Violation, `but by 0.008 s there was "3", which client 0 began to set at 0.005 s`, two().Puts(0, 5, 6, "a", "3", info).Looks(2, 7, 8, false, "a", "3").Looks(1, 9, 10, true, "a", "2")},
		{"what was over by a put that is not answered yet", "current", Violation, `but by 0.007 s there was "3"`, two().Looks(2, 6, 7, false, "a", "3").Puts(0, 5, 20, "a", "3", ok).Looks(1, 9, 10, true, "a", "2")},
		{"a znode that is missing, though its put's reply was lost", "current", Violation, "and nothing removed it", checktest.Cache().Puts(0, 5, 6, "a", "3", info).Looks(2, 7, 8, false, "a", "3").Looks(1, 9, 10, true)},
		{"a put whose reply was lost, and nobody was shown", "current", Valid, "", two().Puts(0, 5, 6, "a", "3", info).Looks(1, 9, 10, true, "a", "2")},
		{"a put whose reply was lost, and somebody was shown meanwhile", "current", Valid, "", two().Puts(0, 5, 6, "a", "3", info).Looks(2, 7, 9, false, "a", "3").Looks(1, 9, 10, true, "a", "2")},
		{"what is over in the meantime", "current", Valid, "", two().Looks(1, 4, 6, true, "a", "1")},
		{"a znode that is missing", "current", Violation, `by 0.004 s there was "2", and nothing removed it`, two().Looks(1, 5, 6, true)},
		{"a znode that may have been removed", "current", Valid, "", two().Puts(0, 5, 7, "a", "", info).Looks(1, 8, 9, true)},
		{"a znode that was removed before it was put", "current", Violation, "nothing removed it", checktest.Cache().Puts(0, 1, 2, "a", "1", ok).Puts(0, 3, 4, "a", "", ok).Puts(0, 5, 6, "a", "2", ok).Looks(1, 7, 8, true)},
		{"a znode that is gone", "current", Violation, "by a delete that client 0 called at 0.005 s", two().Puts(0, 5, 6, "a", "", ok).Looks(1, 7, 8, true, "a", "2")},
		{"a znode that a fault may have removed", "current", Valid, "", recreated(two(), 5).Looks(1, 8, 9, true)},
		{"a znode that was put behind a fault", "current", Violation, "nothing removed it", recreated(two(), 5).Puts(0, 7, 8, "a", "3", ok).Looks(1, 9, 10, true)},
		{"none behind a fault", "order", Valid, "", recreated(two().Looks(1, 4, 5, false, "a", "2"), 5).Looks(1, 8, 9, false)},
		{"what was there before the fault that removed it", "order", Violation, "by a fault that was injected at 0.005 s", recreated(two().Looks(1, 4, 5, false, "a", "2"), 5).Looks(1, 8, 9, false).Looks(1, 10, 11, false, "a", "1")},
		{"none before the fault", "order", Violation, "it had not been deleted since", recreated(two().Looks(1, 4, 5, false, "a", "2").Looks(1, 5, 6, false), 9)},
		{"a put that took effect late", "current", Valid, "", checktest.Cache().Puts(0, 1, 2, "a", "1", info).Puts(0, 3, 4, "a", "2", ok).Looks(1, 5, 6, true, "a", "1")},

		{"all show what there is", "converge", Valid, "", ends(two().Looks(1, 5, 6, false, "a", "2").Looks(2, 5, 6, false, "a", "2"), "a", "2")},
		{"what there is does not come", "converge", Violation, `client 1 saw k/a at 15.001 s: "1", and that 14.996 s after the final state, "2", was reached (7.000`, ends(two().Looks(1, 5, 6, false, "a", "1").Looks(1, 15000, 15001, false, "a", "1"), "a", "2")},
		{"what was removed does not go", "converge", Violation, `no value, was reached`, ends(two().Puts(0, 5, 6, "a", "", ok).Looks(1, 15000, 15001, false, "a", "2"))},
		{"what was made again does not come", "converge", Violation, `no value, and that 14.992 s after the final state, "3", was reached (7.000`, ends(two().Puts(0, 5, 6, "a", "", ok).Puts(0, 7, 8, "a", "3", ok).Looks(1, 15000, 15001, false), "a", "3")},
		{"what may have been removed by a call of unknown outcome does not go", "converge", Violation, `no value, was reached`, two().Puts(0, 5, 6, "a", "", info).Remains(20).Looks(1, 15000, 15001, false, "a", "2").Fact(20001, history.FEnd, nil)},
		{"a put of unknown outcome comes behind the end", "converge", Valid, "", two().Puts(0, 5, 6, "a", "", ok).Puts(0, 7, 8, "a", "u", info).Remains(20).Looks(1, 15000, 15001, false, "a", "u").Looks(2, 15000, 15001, false).Looks(0, 15000, 15001, false).Fact(20001, history.FEnd, nil)},
		{"it comes in time", "converge", Valid, "", ends(two().Looks(1, 5, 6, false, "a", "1").Looks(1, 2000, 2001, false, "a", "1").Looks(1, 15000, 15001, false, "a", "2").Looks(2, 15000, 15001, false, "a", "2"), "a", "2")},
	}
}

// recreated makes a fault delete znodes between a time and the next one.
func recreated(r *checktest.Record, at int) *checktest.Record {
	r.Fact(at, "recreate", history.FaultStep{Fault: 1, Step: history.StepInject, Traits: history.FaultTraits{Deletes: true}})
	return r.Fact(at+1, "recreate", history.FaultStep{Fault: 1, Step: history.StepHealed})
}

// loggedCaches returns scenarios in which the log shows what the clocks do not.
func loggedCaches() []scenario {
	ok, info := history.OK, history.Info
	put := func() *checktest.Record {
		r := checktest.Cache().Opens(1).Opens(2).Puts(0, 5, 6, "a", "u", info)
		write := func(value string) {
			r.Txn(history.Txn{Type: "setData", Session: 1, Path: "/run/k/a", Data: []byte(value)})
		}
		write("u")
		for i := range 12 {
			r.Puts(0, 10+10*i, 12+10*i, "a", fmt.Sprintf("v%d", i), ok)
			write(fmt.Sprintf("v%d", i))
			r.Saw(13+10*i, 0, history.ID(4+i), 11+10*i)
		}
		return r
	}
	return []scenario{
		{"a put of which the log knows nothing", "log", Violation, "its put of k/a succeeded, but the transaction log does not have it from", put().Puts(0, 300, 302, "a", "ghost", ok).Shown(400)},
		{"a remove of which the log knows nothing", "log", Violation, "its remove of k/a succeeded", put().Puts(0, 300, 302, "a", "", ok).Shown(400)},
		{"puts as the log has them", "log", Valid, "", put().Shown(400)},
		{"a put of unknown outcome that the log has early", "order", Violation, `"u", after "v3" at 0.301 s: in the transaction log that state came before, and never again`, put().Looks(1, 300, 301, false, "a", "v3").Looks(1, 302, 303, false, "a", "u").Shown(400)},
	}
}

func init() {
	scenarios = append(scenarios, cacheScenarios()...)
	logScenarios = append(logScenarios, loggedCaches()...)
}

// Without looks at current copies, the fast check and the reference model agree. Such looks
// can show which of several deletes a copy showed, which only the reference model
// considers.
func TestCacheAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Cache.Name, 0, true, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateCache(rng, how, true)
	})
}

// With looks at current copies, and with puts of unknown outcome, which may have
// happened at any time, the fast check is sound.
func TestCacheIsSound(t *testing.T) {
	t.Parallel()
	agreement(t, objects.Cache.Name, 0, false, func(rng *rand.Rand, how checktest.Kind) *history.History {
		return checktest.GenerateCache(rng, how, false)
	})
}
