package pairs

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/dev/command"
)

// The table makes its claim only about scenarios in which everything was tried.
func TestTable(t *testing.T) {
	read := func(object, text string) explored {
		e := explored{object: object}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	got := table([]explored{
		read("counter", `{"points": 6, "runs": 1031, "singles": {"all": 30, "tried": 24, "implied": 6}, "pairs": {"all": 2435, "tried": 1006, "implied": 1429,
			"implied_by": {"never": 429, "alike": 1000}}, "properties": [{"property": "linearizable", "result": "unknown"}, {"property": "fenced-reads", "result": "valid"}]}`),
		read("queue", `{"points": 8, "runs": 541, "singles": {"all": 40, "tried": 40}, "pairs": {"all": 1000, "tried": 500}}`),
		read("lock", `{"points": 9, "runs": 99, "singles": {"all": 40, "tried": 40}, "pairs": {"all": 58, "tried": 58}, "findings": [{"faults": "cut@", "broken": ["progress"]}]}`),
		read("cache", `{"points": 9, "runs": 1, "singles": {"all": 40}, "pairs": {}}`),
	})
	want := "No single fault and no pair of faults at any of the 6 points of 1 scenario breaks a promise: 1,031 runs, and 1,435 pairs and single faults that are implied. " +
		"Of 2 scenarios more, not all pairs were tried; none of those that were breaks one.\n\n" +
		"| object | points | single faults | pairs | tried or implied | run | second message never comes | like another pair | broken | too little to decide |\n|---|---|---|---|---|---|---|---|---|---|\n" +
		"| counter | 6 | 24 | 2,435 | all | 1,006 | 429 | 1,000 | – | linearizable |\n" +
		"| queue | 8 | 40 | 1,000 | 50.0 % | 500 | 0 | 0 | – | – |\n" +
		"| lock | 9 | 40 | 58 | all | 58 | 0 | 0 | progress | – |\n" +
		"| cache | 9 | 0 | 0 | 0.0 % | 0 | 0 | 0 | – | – |\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The page has the marks for the table.
func TestPageHasMarks(t *testing.T) {
	b, err := os.ReadFile("../../../docs/track-record.md")
	begins, ends := command.Marks("pairs")
	if err != nil || !strings.Contains(string(b), begins) || !strings.Contains(string(b), ends) {
		t.Error("docs/track-record.md has no marks for the table", err)
	}
}
