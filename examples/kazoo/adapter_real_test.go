//go:build real

// Package kazoo_test checks the adapter for kazoo, which is written in Python.
package kazoo_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/subjects/adapter"
)

// python returns a Python interpreter that has kazoo.
func python(t *testing.T) string {
	t.Helper()
	programs.Require(t, programs.Kazoo)
	p, err := programs.Python("kazoo")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// served lists the recipes that kazoo has, except the partitioner.
var served = []string{
	"barrier", "cache", "config", "counter", "double-barrier", "election", "lock", "membership", "priority-queue", "queue", "rwlock", "semaphore",
}

// The adapter has every recipe that kazoo has, and passes all checks.
func TestRealConform(t *testing.T) {
	conforms(t, adapter.Conformance{Command: []string{python(t), "adapter.py"}, Recipes: served})
}

// A SetPartitioner that is given up while it allocates may keep a lock.
func TestRealConformPartitioner(t *testing.T) {
	conforms(t, adapter.Conformance{Command: []string{python(t), "adapter.py"}, Recipes: []string{"partitioner"}}, "cancel")
}

func TestRealConformShallowParty(t *testing.T) {
	conforms(t, adapter.Conformance{Command: []string{python(t), "adapter.py", "--shallow-party"}, Recipes: []string{"membership"}})
}

func TestRealConformLockingQueue(t *testing.T) {
	calls := func(number int64) ([]adapter.DeclaredCall, error) {
		return []adapter.DeclaredCall{{Operation: "put", Argument: strconv.AppendInt(nil, number, 10)}, {Operation: "take"}}, nil
	}
	conforms(t, adapter.Conformance{Command: []string{python(t), "adapter.py"}, Declared: &adapter.Declared{Name: "locking-queue", Calls: calls}})
}

// conforms tests that an adapter passes all checks of its recipes. What is in mayFail fails if threads of kazoo meet.
// Such tests run beside each other: they wait most of the time.
func conforms(t *testing.T, c adapter.Conformance, mayFail ...string) {
	t.Helper()
	t.Parallel()
	c.Logf = t.Logf
	results, err := adapter.Conform(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		lacks := r.Outcome == adapter.NotOffered && slices.Contains(c.Recipes, r.Recipe)
		if lacks || r.Outcome == adapter.Failed && !slices.Contains(mayFail, r.Check) {
			t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}
