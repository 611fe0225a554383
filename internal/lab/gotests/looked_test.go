package gotests

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/store"
)

// A violated measured property is reported with what would prevent it, if the subject lacks that.
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

// Each group of znodes that grew with the load is reported once, with the number of runs in which it
// grew.
func TestLookedTellsWhatGrew(t *testing.T) {
	var l looked
	for n := range 3 {
		g := checker.LeftGroup{Pattern: "k*/mark-*", Kind: "ephemeral", F: "acquire", Outcome: "ok", Left: 40 + n, Operations: 50, Leaving: 40 + n, Grows: n > 0}
		l.add(&store.Result{Leftovers: &checker.Leftovers{Groups: []checker.LeftGroup{g}}})
	}
	l.add(&store.Result{})
	const want = "warning, of 2 of 4 runs: what the clients leave behind grows with the load: 41 of 50 acquires left one ephemeral znode each (k*/mark-*)"
	if got := l.text("lock"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
