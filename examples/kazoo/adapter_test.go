// Package kazoo_test checks the adapter for kazoo, which is in Python.
package kazoo_test

import (
	"os"
	"os/exec"
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

// unserved are the recipes of which kazoo has none: no queue by time, no jobs that are given
// back with a number, no lock of several paths; its WriteLock and ReadLock cannot be downgraded,
// and its DataWatch tells a value, and not what comes next.
var unserved = map[string]bool{"config": true, "delay-queue": true, "job-queue": true, "multi-lock": true, "rwlock": true}

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
		if unserved[r.Recipe] && r.Outcome == adapter.NotOffered {
			continue
		}
		if r.Outcome != adapter.OK {
			t.Errorf("%s %s: %s %s", r.Recipe, r.Check, r.Outcome, r.Detail)
		}
	}
}
