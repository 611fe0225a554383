//go:build real

package tickets_test

import (
	"os"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/object"
)

// The program keeps its promise, and breaks it if it is careless. The test runs in real time, because the
// program is written in Python.
func TestRealTickets(t *testing.T) {
	programs.Require(t, programs.Kazoo)
	python, err := programs.Python("kazoo")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("tickets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o, err := object.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, careless := range []bool{false, true} {
		x := zklab.Experiment{Workload: o.Workload(), Command: []string{python, "tickets.py"}, Out: t.TempDir()}
		want := checker.Valid
		if careless {
			x.Command, want = append(x.Command, "--careless"), checker.Violation
		}
		x.Ops, x.Keys, x.SessionTimeout = 40, 1, 20*time.Second
		out, err := x.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if out.Result.Verdict != want {
			t.Errorf("careless %v: %s: %+v", careless, out.Result.Verdict, out.Result.Verdicts)
		}
	}
}
