package linear

import (
	"bytes"
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
)

// TestLarge decides long histories: right ones are valid, and one planted defect is
// found and shown with a handful of operations. ZKLAB_LARGE sets another number of
// operations, as in ZKLAB_LARGE=1000000.
func TestLarge(t *testing.T) {
	n := 4000
	if asked, err := strconv.Atoi(os.Getenv("ZKLAB_LARGE")); err == nil {
		n = asked
	}
	for _, model := range largeModels {
		for _, clients := range []int{5, 20} {
			for _, unknown := range []float64{0, 0.01} {
				l := ofModel(model)
				l.operations, l.clients, l.unknown = n, clients, unknown
				if model != "priority-queue" || unknown == 0 { // for it, only violations are certain
					t.Run(l.String(), func(t *testing.T) { l.test(t) })
				}
				for _, d := range defects[model] {
					if l.defect = d.name; d.certain || unknown == 0 {
						t.Run(l.String(), func(t *testing.T) { l.test(t) })
					}
				}
			}
		}
	}
}

// want is how a history must be decided.
func (l large) want() checker.Result {
	if l.defect != "" {
		return checker.Violation
	}
	return checker.Valid
}

// mostTold is the maximum number of operations in the counterexample of one wrong
// event.
const mostTold = 6

func (l large) test(t *testing.T) {
	var b bytes.Buffer
	must.Do(t, l.write(&b, 1))
	h := load(t, l.model, b.Bytes())
	var r Report
	synctest.Test(t, func(t *testing.T) { // so that no counterexample stays large because the machine is busy
		r = Check(t.Context(), h, Options{})
	})
	v := r.Verdicts[0]
	t.Logf("decided by %s: %s", v.Decider, v.Reason)
	if h.Operations < l.operations {
		t.Fatalf("only %d operations", h.Operations)
	}
	if r.Verdict != l.want() {
		t.Fatalf("%s, want %s: %+v", r.Verdict, l.want(), v)
	}
	told := 0
	for _, e := range v.Events {
		if e.Type == "invoke" {
			told++
		}
	}
	if l.defect != "" && (told == 0 || told > mostTold) {
		t.Errorf("a counterexample of %d operations: %s", told, v.Reason)
	}
}
