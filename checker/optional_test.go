package checker

import (
	"strings"
	"testing"
)

// A fault that nobody asked for by name, and that found no occasion, is told
// and excused; one that was asked for is not.
func TestFaultWithoutOccasion(t *testing.T) {
	a := &analysis{faults: map[int]*faultRecord{1: {kind: "pause", verified: true}, 2: {kind: "late-event", outcome: "skipped no event came"}}}
	a.params.Expects = []string{"pause", "late-event"}
	if got := a.faulted(); got.Met {
		t.Errorf("asked for by name: %v", got)
	}
	a.params.Optional = []string{"late-event"}
	if got := a.faulted(); !got.Met || !strings.Contains(got.Text, "no occasion for late-event") {
		t.Errorf("not asked for: %v", got)
	}
}
