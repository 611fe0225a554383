package declared

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
)

// A stale read in a long history is found, and few calls show it.
func TestLongHistories(t *testing.T) {
	const n = 3_000
	b := historytest.New(testedModel.Name)
	for i := range n {
		last := i/3*3 + 1
		f, argument, answer := "get", 0, last
		switch {
		case i%3 == 0:
			f, argument, answer = "set", last, 0
		case i == 3*n/4/3*3+1:
			answer = 1
		}
		b.Op(i%5, f, "k", float64(10*i), float64(10*(i+5)-5), history.OK, argument, answer).Session(history.ID(i%5 + 1))
	}
	a := evidence.Read(t.Context(), b.History(), &testedModel, nil)
	spec := testedSpec()
	spec.SessionEnds = nil
	f := spec.decide(t.Context(), a.Keys[0])
	if f.Result != frame.Violation || len(f.Counterexample) > 6 {
		t.Errorf("%q %s: %d events", f.Result, f.Reason, len(f.Counterexample))
	}
}
