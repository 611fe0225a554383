package onerun

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

func lines(all []Annotation) (out []string) {
	for _, a := range all {
		out = append(out, a.String())
	}
	return out
}

// Characters that could end the line of a message, or its title, are escaped as GitHub expects, so
// no message can begin another one.
func TestAnnotationIsOneLine(t *testing.T) {
	a := Annotation{Level: "error", File: "a,b:c%.yaml", Title: "50 %, of: it\n::error::x", Text: "one\n::warning::two\x0d 100 %\x1b[31m"}
	want := `::error file=a%2Cb%3Ac%25.yaml,title=50 %25%2C of%3A it\x0a%3A%3Aerror%3A%3Ax::one%0A::warning::two\x0d 100 %25\x1b[31m`
	if d := cmp.Diff(want, a.String()); d != "" {
		t.Error(d)
	}
	if got, want := (Annotation{Level: "warning", Title: "t"}).String(), "::warning title=t::"; got != want {
		t.Error(got)
	}
}

func TestAnnotations(t *testing.T) {
	v := func(property string, result checker.Result, measured bool, reason string) checker.Verdict {
		return checker.Verdict{Property: property, Result: result, Measured: measured, Reason: reason}
	}
	violated := &store.Result{Recipe: "lock", Verdict: checker.Violation, Verdicts: []checker.Verdict{
		v("exclusion", checker.Violation, false, "both held"), v("belief", checker.Violation, true, "believed"), v("log", checker.Unknown, false, "no log"),
	}, Gates: []gates.Result{{Gate: "errors<1%", Result: gates.Exceeded, Text: "errors 2 %"}, {Gate: "rate>1", Result: gates.Undecided, Text: "too few"}}}
	want := []string{
		"::error title=lock%3A exclusion violated::both held",
		"::error title=gate exceeded%3A errors<1%25::errors 2 %25",
		"::warning title=gate undecided%3A rate>1::too few",
	}
	if d := cmp.Diff(want, lines(Annotations(violated))); d != "" {
		t.Error(d)
	}
	violated.Strict = true
	if got := lines(Annotations(violated)); len(got) != 4 || !strings.Contains(got[1], "belief violated") {
		t.Error(got)
	}
	undecided := &store.Result{Recipe: "lock", Verdict: checker.Unknown, Verdicts: []checker.Verdict{v("log", checker.Unknown, false, "no log")}}
	want = []string{"::warning title=the lock is undecided::nothing was violated, but log could not be decided%0Alog: no log"}
	if d := cmp.Diff(want, lines(Annotations(undecided))); d != "" {
		t.Error(d)
	}
	if got := Annotations(&store.Result{Recipe: "lock", Verdict: checker.Valid, Verdicts: []checker.Verdict{v("exclusion", checker.Valid, false, ""), v("belief", checker.Violation, true, "")}}); len(got) > 0 {
		t.Error(got)
	}
	for i := range 15 {
		violated.Verdicts = append(violated.Verdicts, v(fmt.Sprint("p", i), checker.Violation, false, ""))
	}
	if got := lines(Annotations(violated)); len(got) != 10 || !strings.HasPrefix(got[9], "::error title=10 more messages::") { // of 15 properties, the 2 earlier ones and 2 gates
		t.Error(len(got), got[9])
	}
}

// A summary is shown as it is, whatever it contains.
func TestStepSummary(t *testing.T) {
	if got, want := StepSummary("\na\n```b\n"), "````text\na\n```b\n````\n\n"; got != want {
		t.Errorf("%q", got)
	}
}
