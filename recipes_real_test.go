//go:build real

package zklab_test

import (
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/runtest"
)

// A run on Apache's servers comes to its end with everything that a run leaves, its faults take
// effect on real processes, and no right recipe is accused because of what such servers do. The
// machine decides how much happens in the time, so the run may be undecided.
func TestRealRun(t *testing.T) {
	x := ownUnderFaults(t, models.Lock.Name)
	x.Ensemble, x.Out, x.MinLoad = runtest.Shared(t), t.TempDir(), -1
	o := run(t, x)
	if o.Result.Verdict == checker.Violation {
		t.Errorf("verdict %s", o.Result.Verdict)
	}
	faultsHappened(t, o)
}
