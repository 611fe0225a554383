package serve

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

func TestFaultsAreListedOnce(t *testing.T) {
	for _, tt := range [][2]string{
		{"kill:leader,kill:leader,pause,kill:leader", "kill:leader (3 times), pause"},
		{"kill:leader+2.5s/5s,kill:leader,kill:leader (took no effect)", "kill:leader+2.5s/5s, kill:leader (twice) (took no effect)"},
		{"28 of 30 single faults, 5 of 9 pairs", "28 of 30 single faults, 5 of 9 pairs"},
		{"", ""},
	} {
		if got := eachOnce(tt[0]); got != tt[1] {
			t.Errorf("%q: got %q, want %q", tt[0], got, tt[1])
		}
	}
}

// The page of a sweep tells in a sentence how many of its runs violated what.
func TestSweepInWords(t *testing.T) {
	f := newFixture(t)
	journal, name := f.sweep(200, 200)
	check(t, journal.End(sweep.AllSeeds))
	const sentence = "a znode of client 2 blocked it for ever"
	result, err := json.Marshal(store.Result{Verdict: checker.Violation, Verdicts: []checker.Verdict{{Property: "exclusion", Key: "k1", Result: checker.Violation, Reason: sentence}}})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(journal.Folder(100), "result.json"), result, 0o644), journal.Close())
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "violated in 2 of 200 runs") || strings.Contains(row, "200 of 200 runs") {
		t.Errorf("the row: %s", row)
	}
	for _, page := range []string{f.page("/findings"), f.page("/run/" + name)} {
		if !strings.Contains(page, "k1: "+sentence) {
			t.Errorf("no sentence in %s", page)
		}
		if at, shape := strings.Index(page, sentence), strings.Index(page, "acquire ok"); shape < at {
			t.Error("the shape stands before the sentence, or nowhere")
		}
	}
}
