package onerun

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/store"
)

func suiteOf(t *testing.T, h *history.History, r *store.Result) junitSuite {
	t.Helper()
	content := must.Get(junit(material.Of("/runs/x", h, r)))(t)
	var got junitSuites
	must.Do(t, xml.Unmarshal(content, &got))
	return got.Suites[0]
}

func TestJUnit(t *testing.T) {
	h := sample.LockRun(true)
	r := sample.Violated(h)
	s := suiteOf(t, h, r)
	if s.Tests != 6 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 0 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped", s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	for _, c := range s.Cases {
		switch c.Name {
		case "exclusion":
			if c.Failure == nil || !strings.Contains(c.Failure.Text, "was granted it with token") || !strings.Contains(c.Failure.Text, "--seed 42") {
				t.Errorf("failure without counterexample or replay: %+v", c.Failure)
			}
		case "progress":
			if c.Error == nil || !strings.Contains(c.Error.Message, "held up") {
				t.Errorf("undecided: %+v", c)
			}
		case "belief":
			if c.Failure != nil || c.Error != nil || !strings.Contains(c.Out, "does not decide") {
				t.Errorf("measured: %+v", c)
			}
		default:
			if c.Failure != nil || c.Error != nil || c.Skipped != nil {
				t.Errorf("valid: %+v", c)
			}
		}
	}
	r.NotAvailable = []checker.NotAvailable{{Kind: "property", Name: "fencing", Why: "the lock gives no token"}, {Kind: "fault", Name: "pause", Why: "no servers"}}
	if s := suiteOf(t, h, r); s.Tests != 7 || s.Skipped != 1 || s.Cases[6].Name != "fencing" || s.Cases[6].Skipped.Message != "not checked: the lock gives no token" {
		t.Errorf("what nobody looked at: %+v", s)
	}
	r.Strict = true
	if s := suiteOf(t, h, r); s.Failures != 2 {
		t.Errorf("strict: %d failures", s.Failures)
	}
}

func TestJUnitOfNothingIsNotGreen(t *testing.T) {
	if s := suiteOf(t, &history.History{}, &store.Result{}); s.Tests != 1 || s.Errors != 1 {
		t.Errorf("%+v", s)
	}
	r := &store.Result{Verdicts: []checker.Verdict{{Property: "belief", Measured: true, Result: checker.Unknown, Reason: "no confirms"}}}
	if s := suiteOf(t, &history.History{}, r); s.Skipped != 1 {
		t.Errorf("%+v", s)
	}
}
