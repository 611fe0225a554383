package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// A fault of a kind that nobody here knows is judged by the traits that the record
// tells: what was decided of freeze is decided of it.
func TestFaultOfAnUnknownKind(t *testing.T) {
	frozen := func(kind string, traits history.FaultTraits) (Result, Result) {
		r := checktest.Remote().Fault("freeze", 50, 6000, 0).Hold(checktest.Grant{Client: 0, Inv: 10, Ret: 20, Release: -1, Token: 1, Alive: 25}).
			Session(3000, expired, 0, 1).Lost(6300, 0, 1, 1).Fact(9000, history.FEnd, nil)
		h := r.Build()
		for i := range h.Events {
			if e := &h.Events[i]; e.F == kinds.Freeze.Name {
				var s history.FaultStep
				if err := e.Decode(&s); err != nil {
					t.Fatal(err)
				}
				if s.Step == history.StepInject {
					s.Traits = traits
				}
				e.F, e.Value = kind, history.Value(s)
			}
		}
		rep := Run(t.Context(), h, Options{})
		for _, v := range rep.Verdicts {
			if v.Property == "lost" {
				return v.Result, rep.Verdict
			}
		}
		t.Fatal("no verdict of lost")
		return "", ""
	}
	known, all := frozen("freeze", history.FaultTraits{})
	if known == Violation {
		t.Fatalf("a hold that was stopped: %s", known)
	}
	if told, allTold := frozen("hammer", kinds.Freeze.Traits); told != known || allTold != all {
		t.Errorf("with the traits of freeze %s (%s), as freeze %s (%s)", told, allTold, known, all)
	}
	if untold, _ := frozen("hammer", history.FaultTraits{}); untold != Violation {
		t.Errorf("without traits it is %s", untold)
	}
}
