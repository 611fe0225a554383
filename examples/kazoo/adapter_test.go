// Package kazoo_test checks the adapter for kazoo, which is in Python.
package kazoo_test

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/zklab/zklab/subjects/adapter"
)

// python is one that has kazoo; Debian's packages are for its own only. Where
// there is none the test is skipped, or fails with ZKLAB_KAZOO=required.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import kazoo").Run() == nil {
			return p
		}
	}
	const none = "no python3 with kazoo here (Debian: python3-kazoo)"
	if os.Getenv("ZKLAB_KAZOO") == "required" {
		t.Fatal(none)
	}
	t.Skip(none)
	return ""
}

// served are the recipes that kazoo has. Its DataWatch tells a value, and not what comes next,
// and its TreeCache not when it is current.
var served = []string{
	"barrier", "counter", "double-barrier", "election", "lock", "membership", "priority-queue", "queue", "rwlock", "semaphore",
}

// The adapter has every recipe that kazoo has, and does all that is asked of it.
func TestConform(t *testing.T) {
	c := adapter.Conformance{Command: []string{python(t), "adapter.py"}, Logf: t.Logf}
	if testing.Short() {
		c.Recipes = []string{"election"}
	}
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
