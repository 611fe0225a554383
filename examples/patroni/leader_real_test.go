//go:build real

package patroni_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects/adapter"
)

// The adapter passes all checks of a lock except two, for the reasons in docs/adapters.md.
func TestRealConform(t *testing.T) {
	programs.Require(t, programs.Patroni)
	p, err := programs.Python("patroni.dcs.zookeeper")
	if err != nil {
		t.Fatal(err)
	}
	runtest.Conforms(t, adapter.Conformance{
		Command: []string{p, "leader.py"}, Recipes: []string{"lock"},
		Patience: 10 * time.Second, // after which open-cancel counts as failed
	}, runtest.Excused{Fails: []string{"program open-cancel", "lock overlap"}, Lacks: []string{"lock lost"}})
}
