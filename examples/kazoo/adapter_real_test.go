//go:build real

// Package kazoo_test checks the adapter for kazoo, which is written in Python.
package kazoo_test

import (
	"slices"
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

// served lists the recipes that kazoo has. DataWatch is not among them because it reports a value but
// not the next change, nor TreeCache, because it does not tell when it is current.
var served = []string{
	"barrier", "counter", "double-barrier", "election", "lock", "membership", "priority-queue", "queue", "rwlock", "semaphore",
}

// The adapter has every recipe that kazoo has, and passes all checks.
func TestRealConform(t *testing.T) {
	c := adapter.Conformance{Command: []string{python(t), "adapter.py"}, Logf: t.Logf}
	results, err := adapter.Conform(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Outcome == adapter.NotOffered && r.Recipe != "program" && !slices.Contains(served, r.Recipe) {
			continue
		}
		if r.Outcome != adapter.OK {
			t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}
