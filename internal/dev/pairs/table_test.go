package pairs

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

// The claim is only about scenarios in which everything was tried.
func TestTable(t *testing.T) {
	read := func(object, text string) explored {
		e := explored{object: object}
		must.Do(t, json.Unmarshal([]byte(text), &e))
		return e
	}
	all := []explored{
		read("counter", `{"points": 6, "runs": 1031, "singles": {"all": 30, "tried": 24, "implied": 6}, "pairs": {"all": 2435, "tried": 1006, "implied": 1429,
			"implied_by": {"never": 429, "alike": 1000}}, "properties": [{"property": "linearizable", "result": "unknown"}, {"property": "fenced-reads", "result": "valid"}]}`),
		read("queue", `{"points": 8, "runs": 541, "singles": {"all": 40, "tried": 40}, "pairs": {"all": 1000, "tried": 500}}`),
		read("lock", `{"points": 9, "runs": 99, "singles": {"all": 40, "tried": 40}, "pairs": {"all": 58, "tried": 58}, "findings": [{"faults": "cut@", "broken": ["progress"]}]}`),
		read("cache", `{"points": 9, "runs": 1, "singles": {"all": 40}, "pairs": {}}`),
	}
	want := "No single fault and no pair of faults at any of the 6 points of 1 scenario breaks a promise: 1,031 runs, and 1,435 pairs and single faults that are implied. " +
		"Of 2 scenarios more, not all pairs were tried; none of those that were breaks one.\n"
	if diff := cmp.Diff(want, claim(all)); diff != "" {
		t.Error(diff)
	}
	rows := [][]string{
		columns,
		{"counter", "6", "24", "2,435", "all", "1,006", "429", "1,000", "–", "linearizable"},
		{"queue", "8", "40", "1,000", "50.0 %", "500", "0", "0", "–", "–"},
		{"lock", "9", "40", "58", "all", "58", "0", "0", "progress", "–"},
		{"cache", "9", "0", "0", "0.0 %", "0", "0", "0", "–", "–"},
	}
	if diff := cmp.Diff(rows, table(all)); diff != "" {
		t.Error(diff)
	}
}
