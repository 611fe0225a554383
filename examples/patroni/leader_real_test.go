//go:build real

package patroni_test

import (
	"maps"
	"testing"

	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/subjects/adapter"
)

// fails lists the checks that the adapter cannot pass, for the reasons in docs/adapters.md.
var fails = map[string]bool{"open-cancel": true, "overlap": true}

// TestRealConform: the adapter passes all checks of a lock except those in fails.
func TestRealConform(t *testing.T) {
	programs.Require(t, programs.Patroni)
	p, err := programs.Python("patroni.dcs.zookeeper")
	if err != nil {
		t.Fatal(err)
	}
	c := adapter.Conformance{Command: []string{p, "leader.py"}, Recipes: []string{"lock"}, Logf: t.Logf}
	results, err := adapter.Conform(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{}
	for _, r := range results {
		if r.Outcome == adapter.Failed {
			failed[r.Check] = true
		}
		if r.Outcome == adapter.Failed && !fails[r.Check] {
			t.Errorf("%s %s: %s", r.Recipe, r.Check, r.Detail)
		}
	}
	if !maps.Equal(failed, fails) {
		t.Errorf("%v failed, want %v", failed, fails)
	}
}
