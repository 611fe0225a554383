package serve

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
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
	check(t, journal.Close())
	if row := rowOf(t, f.page("/"), name); !strings.Contains(row, "violated in 2 of 200 runs") || strings.Contains(row, "200 of 200 runs") {
		t.Errorf("the row: %s", row)
	}
	for _, page := range []string{f.page("/findings"), f.page("/run/" + name)} {
		if !strings.Contains(page, whatHappened) {
			t.Errorf("no sentence in %s", page)
		}
		if at, shape := strings.Index(page, whatHappened), strings.Index(page, "acquire ok"); shape < at {
			t.Error("the shape stands before the sentence, or nowhere")
		}
	}
}

// A run with two violations of one property for different causes shows the sentence of each.
func TestFindingsTellTheirOwnSentence(t *testing.T) {
	f := newFixture(t)
	dir := filepath.Join(f.dir, f.run("lock", "2026-01-02T03:04:05Z", store.Experiment{}, checker.Violation))
	run := store.Run{Dir: dir}
	r := must.Get(run.ReadResult())(t)
	second := r.Verdicts[0]
	second.Key, second.Reason, second.Counterexample = "k2", "it was released twice", []int{5}
	r.Verdicts = append(r.Verdicts, second)
	check(t, run.WriteResult(r))
	page := f.page("/findings")
	for _, want := range []string{"on k: two held it", "on k2: it was released twice"} {
		if n := strings.Count(page, want); n != 1 {
			t.Errorf("%q stands %d times in %s", want, n, page)
		}
	}
}
