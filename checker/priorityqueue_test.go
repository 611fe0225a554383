package checker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// priorityScenarios returns scenarios written by hand.
func priorityScenarios() []scenario {
	strict, relaxed := checktest.PriorityQueue, checktest.RelaxedQueue
	ok, unknown := history.OK, history.Info
	return []scenario{
		{"the order of one priority", "class-order", Violation, `item "a" went into k`, relaxed().PutAt(1, 0, 1, 2, "a", ok).PutAt(1, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok).Take(1, 7, 8, "a", ok)},
		{"two priorities have no order", "class-order", Valid, "", relaxed().PutAt(2, 0, 1, 2, "a", ok).PutAt(1, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok).Take(1, 7, 8, "a", ok)},
		{"an item of a priority that is gone", "loss", Violation, `"b", put in after it`, relaxed().PutAt(1, 0, 1, 2, "a", ok).PutAt(1, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok)},
		{"an item that a worse one does not tell of", "loss", Unknown, "not drained", relaxed().PutAt(1, 0, 1, 2, "a", ok).PutAt(2, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok)},
		{"an item that the drain did not find", "loss", Violation, "the queue was empty", relaxed().PutAt(1, 0, 1, 2, "a", ok).PutAt(2, 0, 3, 4, "b", ok).Take(1, 5, 6, "b", ok).KeyFact(20, history.FDrained, "k", objects.Drained{Empty: true})},

		{"its own better item passed over", "priority", Violation, `had itself put in "b" with priority 9`, relaxed().PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"its own better item passed over, in a session beside its connection", "priority", Violation, `had itself put in "b" with priority 9`, relaxed().Connected(0, 0, 1).Connected(0, 0, 9).PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 4, "b", ok).Used(9).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"its own better item passed over, of a process that uses two sessions", "priority", Valid, "", relaxed().Connected(0, 0, 8).Connected(0, 0, 9).Connected(0, 0, 1).PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 4, "b", ok).Used(9).Take(0, 5, 6, "a", ok).Used(8).Take(1, 7, 8, "b", ok)},
		{"its own better item never taken", "priority", Violation, "client took it", relaxed().PutAt(10, 1, 1, 2, "a", ok).PutAt(-9, 0, 3, 4, "b", ok).Take(0, 5, 6, "a", ok)},
		{"its own better item that somebody may have taken", "priority", Valid, "", relaxed().PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 4, "b", ok).Take(2, 4, 5, "", unknown).Take(0, 5, 6, "a", ok)},
		{"its own better item that somebody was about to take", "priority", Valid, "", relaxed().PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 4, "b", ok).Take(1, 6, 8, "b", ok).Take(0, 5, 6, "a", ok)},
		{"its own better item, put in at the same time", "priority", Valid, "", relaxed().PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 5, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"its own worse item", "priority", Valid, "", relaxed().PutAt(9, 1, 1, 2, "a", ok).PutAt(10, 0, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"another client's better item", "priority", Valid, "", relaxed().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{
			"its own better item of another session", "priority", Valid, "", relaxed().PutAt(10, 1, 1, 2, "a", ok).PutAt(9, 0, 3, 4, "b", ok).
				Op(checktest.Args{Client: 0, F: objects.FDequeue, Key: "k", Inv: 5, Ret: 6, Outcome: ok, Out: objects.Item{Item: "a"}, Session: 77, Was: 1}).Take(1, 7, 8, "b", ok),
		},

		{"a better item all the time", "strict", Violation, `"b" with priority 9 (in by 0.004 s, taken from 0.007 s on)`, strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"a better item that came meanwhile", "strict", Valid, "", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 6, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"a better item that may have gone", "strict", Valid, "", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 6, 8, "b", ok)},
		{
			"better items one after another", "strict", Violation, `"b" with priority 1 (in by 0.004 s, taken from 0.006 s on), "c" with priority 2 (in by 0.005 s, taken from 0.009 s on)`,
			strict().PutAt(3, 0, 1, 2, "a", ok).PutAt(1, 1, 3, 4, "b", ok).PutAt(2, 2, 4, 5, "c", ok).Take(0, 5, 8, "a", ok).Take(1, 6, 7, "b", ok).Take(2, 9, 10, "c", ok),
		},
		{
			"a better item that an even better one held up", "strict", Violation, `"b" with priority 2 (in by 0.002 s, taken from 0.006 s on), "c" with priority 1`,
			strict().PutAt(3, 0, 1, 2, "a", ok).PutAt(2, 1, 1, 2, "b", ok).PutAt(1, 2, 4, 5, "c", ok).Take(0, 3, 8, "a", ok).Take(1, 6, 12, "b", ok).Take(2, 9, 10, "c", ok),
		},
		{"items of one priority do not hinder each other", "strict", Valid, "", strict().PutAt(1, 0, 1, 2, "a", ok).PutAt(1, 1, 1, 2, "b", ok).Take(0, 3, 4, "a", ok).Take(1, 5, 6, "b", ok)},
		{"a better item that nobody took", "strict", Violation, "client took it", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok)},
		{"a better item of which nobody knows", "strict", Valid, "", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", unknown).Take(0, 5, 6, "a", ok)},
		{"a better item that came out though nobody knew of it", "strict", Valid, "", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", unknown).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "b", ok)},
		{"a better item that an unknown dequeue may have taken", "strict", Valid, "", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", ok).Take(1, 4, 5, "", unknown).Take(0, 5, 6, "a", ok)},
		{"a better item that only a later dequeue may have taken", "strict", Violation, "client took it", strict().PutAt(10, 0, 1, 2, "a", ok).PutAt(9, 1, 3, 4, "b", ok).Take(0, 5, 6, "a", ok).Take(1, 7, 8, "", unknown)},
		{
			"empty though something was there", "strict", Violation, "found it empty",
			strict().PutAt(1, 0, 1, 2, "a", ok).Op(checktest.Args{Client: 1, F: objects.FDequeue, Key: "k", Inv: 3, Ret: 4, Outcome: ok, Session: 2}).Take(0, 5, 6, "a", ok),
		},
	}
}

// putOff returns a record in which y was put in after x, with the same priority, and x
// cannot be taken before c is, so that y cannot be taken either.
func putOff() *checktest.Record {
	ok := history.OK
	return checktest.PriorityQueue().PutAt(2, 0, 1, 2, "x", ok).PutAt(2, 0, 3, 4, "y", ok).PutAt(1, 0, 6, 7, "c", ok).
		Take(1, 5, 10, "y", ok).Take(2, 9, 20, "x", ok).Take(0, 15, 16, "c", ok)
}

// A queue is a priority queue with one priority, so the scenarios of one also hold for the
// other.
func ofOnePriority(all []scenario) []scenario {
	return asModel(all, queues.PriorityQueue.Object.Name, "class-order")
}

// hasBound reports whether a queue has a capacity, which queues of other models do not
// have.
func hasBound(r *checktest.Record) bool {
	return slices.ContainsFunc(r.Events, func(e history.Event) bool {
		var o history.Offers
		return e.F == history.FOffers && e.Decode(&o) == nil && o.Capacity > 0
	})
}

// asModel turns scenarios of FIFO queues into scenarios of another model, in which the
// property order has the given name.
func asModel(all []scenario, model, order string) (of []scenario) {
	for _, s := range all {
		if s.record.Header.Model != objects.Queue.Name || hasBound(s.record) {
			continue
		}
		r := *s.record
		r.Header.Model = model
		if s.property == "order" {
			s.property = order
		}
		s.name, s.record = s.name+", of a "+model, &r
		of = append(of, s)
	}
	return of
}

// priorityLogScenarios lists scenarios in which the log shows when items came and went.
func priorityLogScenarios() []scenario {
	ok := history.OK
	// begun takes three items out, and then puts a worse and a better one in.
	begun := func(strict bool) *checktest.Record {
		r := queued(3)
		r.Header.Model = queues.PriorityQueue.Object.Name
		if strict {
			r.Fact(0, history.FOffers, history.Offers{Strict: true})
		}
		return r.PutAt(3, 0, 302, 303, "a", ok).Inserts(1, "a").PutAt(1, 0, 304, 305, "b", ok).Inserts(1, "b")
	}
	// told makes client 2 do something before it takes the worse item.
	told := func() *checktest.Record {
		return begun(false).PutAt(9, 2, 306, 307, "c", ok).Inserts(3, "c").Take(2, 310, 330, "a", ok).Take(1, 320, 340, "b", ok)
	}
	// asked makes two clients take one of the two items each.
	asked := func() *checktest.Record {
		return begun(true).Saw(306, 0, 11, 304).Take(1, 310, 330, "a", ok).Take(2, 320, 340, "b", ok)
	}
	return []scenario{
		{"a better item that the log has there", "priority", Violation, `has "b" with priority 1 put in at 0x10000000b`, told().Removes(3, "a").Removes(2, "b").Shown(400)},
		{"a better item that went before", "priority", Valid, "", told().Removes(2, "b").Removes(3, "a").Shown(400)},
		{
			"a better item that came after all that the client had done", "priority", Valid, "",
			begun(false).Take(2, 310, 330, "a", ok).Take(1, 320, 340, "b", ok).Removes(3, "a").Removes(2, "b").Shown(400),
		},
		{"a better item in each state of the log", "strict", Violation, `"b" with priority 1 (put in at 0x10000000b, and was deleted at 0x10000000d)`, asked().Removes(2, "a").Removes(3, "b").Shown(400)},
		{"a state in which the better item was gone", "strict", Valid, "", asked().Removes(3, "b").Removes(2, "a").Shown(400)},
		{
			"better items one after another in the log", "strict", Violation, `"c" with priority 2`,
			asked().PutAt(2, 0, 312, 335, "c", ok).Inserts(1, "c").Removes(3, "b").Removes(2, "a").Shown(400),
		},
		{
			"a state between two better items", "strict", Valid, "",
			asked().PutAt(2, 0, 312, 335, "c", ok).Removes(3, "b").Inserts(1, "c").Removes(2, "a").Shown(400),
		},
	}
}

func init() {
	scenarios = append(scenarios, slices.Concat(priorityScenarios(), ofOnePriority(scenarios))...)
	logScenarios = append(logScenarios, slices.Concat(priorityLogScenarios(), ofOnePriority(logScenarios))...)
	generators[queues.PriorityQueue.Object.Name] = checktest.GenerateStrictQueue
}

// Only the reference model finds that something has to wait for another item of its own
// priority.
func TestReferenceRefinesStrict(t *testing.T) {
	h := putOff().Build()
	if f := decideOne(t, h, "strict", nil); f.Result == Violation {
		t.Errorf("the fast check alone: %+v", f)
	}
	rep := Run(t.Context(), h, Options{})
	if rep.Verdict != Violation || !strings.Contains(fmt.Sprint(rep.Verdicts), "only porcupine found this") {
		t.Errorf("%+v", rep)
	}
}

func TestPriorityQueueAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, queues.PriorityQueue.Object.Name, 0, true, checktest.GeneratePriorityQueue)
}

func TestStrictQueueAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, queues.PriorityQueue.Object.Name, 1, false, checktest.GenerateStrictQueue)
}
