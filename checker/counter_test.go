package checker

import (
	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// counterScenarios returns scenarios written by hand.
func counterScenarios() []scenario {
	return []scenario{
		{"two additions that made one value", "linearizable", Violation, "an addition of client 1 made k 1 at 0.005 s", checktest.Counter().Raise(0, 1, 4, 1).Raise(1, 2, 5, 1)},
		{"an addition behind a later one", "linearizable", Violation, "before", checktest.Counter().Raise(0, 1, 2, 2).Raise(1, 3, 4, 1)},
		{"a fenced read of the past", "linearizable", Violation, "answer at 0.006 s that k is 0", checktest.Counter().Raise(0, 1, 2, 1).Tell(1, 5, 6, fenced, 0).Raise(0, 7, 8, 2)},
		{"a value that only a later addition can have made", "linearizable", Violation, "additions can have brought the counter to", checktest.Counter().Tell(1, 1, 2, fenced, 1).Raise(0, 3, 4, 0).Raise(0, 7, 8, 2)},
		{"an unknown addition that counted", "linearizable", Valid, "", checktest.Counter().Raise(0, 1, 2, 0).Raise(1, 3, 4, 2)},
		{"an unknown addition that counts late", "linearizable", Valid, "", checktest.Counter().Raise(0, 1, 2, 0).Raise(1, 3, 4, 1).Tell(1, 5, 6, fenced, 1).Tell(1, 7, 8, fenced, 2)},
		{"a compare-and-set that failed", "linearizable", Valid, "", checktest.Counter().Raise(0, 1, 2, 1).Swap(1, 3, 5, 1, history.OK).Swap(2, 3, 6, 1, history.Fail)},
		{"a stale plain read", "linearizable", Valid, "", checktest.Counter().Raise(0, 1, 2, 1).Tell(1, 5, 6, plain, 0)},

		{"an addition that counted twice", "linearizable", Violation, "at most 1 change", checktest.Counter().Raise(0, 1, 2, 1).Tell(1, 5, 6, fenced, 2)},
		{"an addition that was lost", "linearizable", Violation, "before", checktest.Counter().Raise(0, 1, 2, 1).Raise(0, 3, 4, 2).Tell(1, 5, 6, fenced, 1)},
		{"an addition of which nobody knows", "linearizable", Valid, "", checktest.Counter().Raise(0, 1, 2, 1).Raise(0, 3, 4, 0).Tell(1, 5, 6, fenced, 2)},

		{"a session that goes back", "plain-reads", Violation, "in the same session", checktest.Counter().Raise(0, 1, 2, 1).Tell(1, 3, 4, plain, 1).Tell(1, 5, 6, plain, 0)},
		{"more than was added", "plain-reads", Violation, "when only 1 change had been called", checktest.Counter().Raise(0, 1, 2, 1).Tell(1, 3, 4, plain, 2)},
		{"a view of the past", "plain-reads", Valid, "", checktest.Counter().Raise(0, 1, 2, 1).Tell(1, 3, 4, plain, 0)},
	}
}

func init() {
	scenarios = append(scenarios, counterScenarios()...)
	calls[objects.Counter.Name] = counted
}

// counted returns a client's next operation on a counter, in a fixed pattern.
func counted(w *crowd, c int) (f string, in, out any) {
	from := int64(w.version)
	switch w.visits[c] % 4 {
	case 0:
		w.version++
		return objects.FAdd, objects.Addition{Delta: 1}, objects.Count{Value: from + 1}
	case 2:
		w.version++
		return objects.FCAS, objects.CountSwap{From: from, To: from + 1}, nil
	}
	return objects.FRead, objects.HowRead{Kind: objects.ReadFenced}, objects.Count{Value: from}
}
