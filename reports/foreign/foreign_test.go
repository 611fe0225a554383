package foreign

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/linear"
)

func TestAnnotations(t *testing.T) {
	r := linear.Report{Verdict: checker.Violation, Order: true, Model: "register", Verdicts: []linear.Verdict{
		{Verdict: checker.Verdict{Property: "linearizable", Key: "5", Result: checker.Violation, Reason: "no order explains it"}}, {Verdict: checker.Verdict{Key: "6", Result: checker.Valid}},
	}}
	if got, want := fmt.Sprint(Annotations(r)), "[::error title=the history is not linearizable as register::5: no order explains it]"; got != want {
		t.Error(got)
	}
}
