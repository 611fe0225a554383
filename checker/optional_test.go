package checker

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// A fault that nobody asked for by name, and that found no occasion, is told
// and excused; one that was asked for is not.
func TestFaultWithoutOccasion(t *testing.T) {
	a := &evidence.Record{Faults: evidence.Faults{All: map[int]*evidence.Fault{1: {Kind: "pause", Verified: true}, 2: {Kind: "late-event", Outcome: "skipped no event came"}}}}
	a.Params.Expects = []string{"pause", "late-event"}
	if got := faulted(a); got.Met {
		t.Errorf("asked for by name: %v", got)
	}
	a.Params.Optional = []string{"late-event"}
	if got := faulted(a); !got.Met || !strings.Contains(got.Text, "none from late-event") {
		t.Errorf("not asked for: %v", got)
	}
}
