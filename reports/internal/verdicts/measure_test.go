package verdicts

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/store"
)

// Only measured properties report what they measured. Older results lack what other clients did
// in the meantime.
func TestMeasure(t *testing.T) {
	lasted := map[string]float64{"overlaps": 1, "total_seconds": 0.25, "longest_seconds": 0.25, "acquires_by_others": 1, "writes_by_others": 2}
	older := map[string]float64{"overlaps": 1, "total_seconds": 0.25, "longest_seconds": 0.25}
	for _, tt := range []struct {
		property string
		figures  map[string]float64
		want     string
	}{
		{"belief", lasted, "1 window of false belief, 250 ms in all, the longest 250 ms; meanwhile, other clients made 1 acquire and 2 guarded writes"},
		{"belief", older, "1 window of false belief, 250 ms in all, the longest 250 ms"},
		{"belief", nil, ""},
		{"exclusion", lasted, ""},
	} {
		r := &store.Result{Recipe: "lock", Verdicts: []checker.Verdict{{Property: tt.property, Result: checker.Violation, Figures: tt.figures}}}
		if d := cmp.Diff(tt.want, Properties(r)[0].Measure()); d != "" {
			t.Errorf("%s: %s", tt.property, d)
		}
	}
}
