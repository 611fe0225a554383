package checker

import (
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// delayScenarios returns scenarios written by hand.
func delayScenarios() []scenario {
	strict, relaxed := checktest.DelayQueue, checktest.RelaxedDelayQueue
	ok, unknown := history.OK, history.Info
	// waits makes a client wait for a long time for an item that is due at a time.
	waits := func(due int) *checktest.Record {
		return relaxed().Phases(0, 100, 200).PutDue(due, 0, 250, 260, "a", ok).Call(1, objects.FDequeue, 300, 9000, history.Fail).
			Take(2, 30_000, 30_010, "a", ok)
	}
	clock := func(r *checktest.Record, t int, drift time.Duration) *checktest.Record {
		return r.Fact(t, history.FClock, history.Clock{Drift: drift * checktest.Unit})
	}
	set := func(r *checktest.Record) *checktest.Record { return clock(clock(r, 3, -3600_000), 4, 0) }
	soon := func() *checktest.Record { return relaxed().PutDue(100, 0, 1, 2, "a", ok).Take(1, 5, 90, "a", ok) }
	late := func() *checktest.Record { return relaxed().PutDue(200, 0, 1, 2, "a", ok).Take(1, 5, 90, "a", ok) }
	return []scenario{
		{"an item before it was due", "not-early", Violation, `took item "a" of k by 0.090 s, though it was due at 0.100 s only`, soon()},
		{"an item when it was due", "not-early", Valid, "", relaxed().PutDue(100, 0, 1, 2, "a", ok).Take(1, 5, 100, "a", ok)},
		{"an item due long ago", "not-early", Valid, "", relaxed().PutDue(-100, 0, 1, 2, "a", ok).Take(1, 5, 6, "a", ok)},
		{"an item before it was due, put in by who knows", "not-early", Violation, "due at 0.100 s only", relaxed().PutDue(100, 0, 1, 2, "a", unknown).Take(1, 5, 90, "a", ok)},
		{"an item a little before it was due", "not-early", Valid, "", relaxed().PutDue(100, 0, 1, 2, "a", ok).Take(1, 5, 99, "a", ok)},
		{"an item that was due by a clock that ran ahead", "not-early", Valid, "", clock(soon(), 50, 10)},
		{"an item that was not due by a clock that ran behind", "not-early", Valid, "", clock(soon(), 50, -10)}, // the clock may have been ahead of what the record tells
		{"an item before it was due by a clock that ran ahead", "not-early", Violation, "due at 0.100 s only", clock(soon(), 50, 5)},
		{"an item before it was due by a clock that was set", "not-early", Unknown, "the wall clock was set during the run", set(soon())},
		{"an item before it was due by a clock that was steered as far as can be", "not-early", Violation, "due at 0.200 s only", clock(late(), 50, 100)},
		{"an item before it was due by a clock that moved further than that", "not-early", Unknown, "it moved by 0.101 s", clock(late(), 50, 101)},

		{"the order of those due at one time", "same-due", Violation, `item "a" went into k`, relaxed().PutDue(0, 0, 1, 2, "a", ok).PutDue(0, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok).Take(1, 7, 8, "a", ok)},
		{"two due times have no order of entry", "same-due", Valid, "", relaxed().PutDue(1, 0, 1, 2, "a", ok).PutDue(0, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok).Take(1, 7, 8, "a", ok)},

		{"its own item due earlier passed over", "due-order", Violation, `got "a" due at 0.004 s by 0.006 s, though it had itself put in "b" due at 0.003 s by 0.004 s`, relaxed().PutDue(4, 1, 1, 2, "a", ok).PutDue(3, 0, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"another client's item due earlier", "due-order", Valid, "", relaxed().PutDue(4, 0, 1, 2, "a", ok).PutDue(3, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"an item due earlier all the time", "strict", Violation, `something due earlier was there all the time: "b" due at 0.003 s (in by 0.004 s, taken from 0.007 s on)`, strict().PutDue(4, 0, 1, 2, "a", ok).PutDue(3, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"an item due earlier that came meanwhile", "strict", Valid, "", strict().PutDue(4, 0, 1, 2, "a", ok).PutDue(3, 1, 3, 6, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"nothing due though something is there", "strict", Valid, "", strict().PutDue(100, 0, 1, 2, "a", ok).Take(1, 3, 4, "", ok).Take(0, 99, 101, "a", ok)},

		{"nothing there though its own item is due", "empty", Violation, `its own item "a" was in it, and due, since 0.005 s`, relaxed().PutDue(3, 0, 1, 2, "a", ok).Take(0, 6, 7, "", ok)},
		{"nothing there while its own item is not due", "empty", Valid, "", relaxed().PutDue(100, 0, 1, 2, "a", ok).Take(0, 6, 7, "", ok)},

		{"an item that stays though it is due", "progress", Violation, `client 1 waited for an item of k from 0.302 s to 9.000 s`, waits(300)},
		{"an item that is due too late to have stayed for long", "progress", Valid, "", waits(2500)},
		{"an item that is due when nobody waits any more", "progress", Valid, "", waits(20_000)},
		{"an item that stays, by a clock that was set", "progress", Unknown, "the wall clock was set", set(waits(300))},
		{"an item that stays, by a clock that is steered", "progress", Violation, `from 0.305 s`, clock(waits(300), 5, 3)},
	}
}

// delayLogScenarios returns scenarios in which the log tells when an item went.
func delayLogScenarios() []scenario {
	ok := history.OK
	begun := func() *checktest.Record {
		r := queued(3)
		r.Header.Model = queues.DelayQueue.Object.Name
		return r.PutDue(400, 0, 302, 303, "a", ok).Inserts(1, "a").Take(1, 310, 450, "a", ok).Removes(2, "a").Touches(3)
	}
	return []scenario{
		{"an item deleted before it was due", "not-early", Violation, `was due at 0.400 s, and the transaction log has it deleted by 0.350 s`, begun().Saw(350, 2, 11, 340).Shown(500)},
		{"an item deleted by when it was due", "not-early", Valid, "", begun().Shown(500)},
	}
}

func init() {
	alike := func(all []scenario) []scenario { return asModel(all, queues.DelayQueue.Object.Name, "same-due") }
	scenarios = append(scenarios, slices.Concat(delayScenarios(), alike(scenarios))...)
	logScenarios = append(logScenarios, slices.Concat(delayLogScenarios(), alike(logScenarios))...)
	generators[queues.DelayQueue.Object.Name] = checktest.GenerateStrictDelayQueue
}

func TestDelayQueueAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, queues.DelayQueue.Object.Name, 0, true, checktest.GenerateDelayQueue)
}

func TestStrictDelayQueueAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, queues.DelayQueue.Object.Name, 1, false, checktest.GenerateStrictDelayQueue)
}

// A delay queue is not exercised if no client waits for an item that is not due.
func TestDelayQueueExercise(t *testing.T) {
	h := checktest.Good(queues.DelayQueue.Object.Name, 3).Build()
	rep := Run(t.Context(), h, Options{NoReference: true})
	i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "not-early" })
	if v := rep.Verdicts[i]; v.Result != Unknown || v.Figures["not_due"] != 6 {
		t.Errorf("%+v", v)
	}
}

// Nor is it exercised if the wall clock moved so far that it is not known which items
// were not due.
func TestDelayQueueExerciseByTheClock(t *testing.T) {
	for drift, want := range map[time.Duration]Result{0: Valid, 90 * time.Millisecond: Unknown} {
		r := checktest.Good(queues.DelayQueue.Object.Name, 20).Fact(1, history.FClock, history.Clock{Drift: drift})
		rep := Run(t.Context(), r.Build(), Options{NoReference: true})
		i := slices.IndexFunc(rep.Verdicts, func(v Verdict) bool { return v.Property == "not-early" })
		if v := rep.Verdicts[i]; v.Result != want {
			t.Errorf("a drift of %v: %+v", drift, v)
		}
	}
}
