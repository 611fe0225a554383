package zklab

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/store"
)

// A measured property that was violated is told with what would prevent it, if the subject lacks that.
func TestLookedTellsWhatIsUnguarded(t *testing.T) {
	const unguarded = "; only fencing tokens"
	for name, without := range map[string]bool{"fencing": true, "lost": false} {
		var l looked
		l.add(&store.Result{
			Verdicts:     []checker.Verdict{{Property: "belief", Measured: true, Result: checker.Violation}},
			NotAvailable: []checker.NotAvailable{{Kind: "property", Name: name, Why: "it offers none"}},
		})
		if got := l.text("lock"); strings.Contains(got, unguarded) != without {
			t.Errorf("without %s: %s", name, got)
		}
	}
}
