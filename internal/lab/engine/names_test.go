package engine_test

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
)

// recordOf reads the record of a run.
func recordOf(t *testing.T, run *store.Run) *history.History {
	t.Helper()
	return must.Get(history.Open(run.History()))(t)
}

// The checker knows these faults by their names (package checker, away.go).
func TestNamesThatTheCheckerKnows(t *testing.T) {
	for _, name := range []string{"expire", "freeze", "crash", "silence", "stall-link", "slow-link"} {
		if !slices.ContainsFunc(faults.Kinds(), func(k faults.Kind) bool { return k.Name == name }) {
			t.Errorf("there is no fault %q", name)
		}
	}
}
