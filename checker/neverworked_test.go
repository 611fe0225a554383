package checker

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

// If a subject refused everything from the beginning, the run says why, and no promise was
// broken. A subject that worked for a while, or refused little, did break one.
func TestNeverWorked(t *testing.T) {
	refused := func(times int) *checktest.Record {
		r := checktest.Lock().Phases(0, 90, 8000).Session(1, history.FConnected, 0, 1)
		for i := range times {
			r.Refused(0, 200+1000*i, 201+1000*i)
		}
		return r.KeyFact(20000, history.FFinal, "k", objects.Final{})
	}
	for _, test := range []struct {
		name   string
		record *checktest.Record
		result Result
		says   string // the text of the assumption "load"; "" for any text
	}{
		{"never worked", refused(12), Unknown, "every acquire failed (12), the first at 0.201 s, each time with: deadlock"},
		{"worked once", refused(12).Hold(checktest.Grant{Client: 1, Inv: 10, Ret: 20, Release: 30}), Violation, ""},
		{"refused little", refused(9), Violation, ""},
		{"first without an answer", refused(12).Call(1, objects.FAcquire, 100, 110, history.Info), Violation, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Run(t.Context(), test.record.Build(), Options{NoReference: true})
			for _, v := range r.Verdicts {
				if v.Property == "progress" && (v.Result != test.result || test.says != "" && v.Reason != test.says) {
					t.Errorf("%s: %s", v.Result, v.Reason)
				}
			}
			for _, a := range r.Assumptions {
				if a.Name == "load" && test.says != "" && (a.Met || !strings.Contains(a.Text, test.says)) {
					t.Errorf("met: %v, %s", a.Met, a.Text)
				}
			}
		})
	}
}
