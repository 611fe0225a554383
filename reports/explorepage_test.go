package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/sample"
)

func explored() Exploration {
	return Exploration{
		Recipe: "lock", Subject: "go-zookeeper", Verdict: checker.Violation,
		Tried: []string{"3 of 1,416 single faults at the 180 points of this scenario break a promise (1,416 runs)", "all of the pairs were tried"},
		Properties: []checker.Verdict{
			{Property: "exclusion", Result: checker.Valid, Figures: map[string]float64{"kept": 1410, "open": 6}},
			{Property: "progress", Result: checker.Violation, Reason: "a client waited <for ever>", Figures: map[string]float64{"kept": 1413, "broken": 3}, Notes: []string{sample.Nasty}},
		},
		Kinds:   []ExploredKind{{"lose-reply", 180, 170, 3}, {"expire", 60, 60, 0}, {"crash", 12, 0, 0}},
		Nowhere: []string{"late-event"},
		Causes: []ExploredCause{
			{Property: "progress", Shape: "acquire info | " + sample.Nasty, Where: "create's reply", Runs: 3, Sorts: []string{"lose-reply (3 times)"}, Command: "zklab run lock --faults 'lose-reply@client1/acquire#1/create#1/reply'"},
		},
		Command: "zklab explore lock --clients 3", Zklab: "v0.1.0",
	}
}

func explorationPageOf(t *testing.T, e Exploration) (page string, folder string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "explore.html")
	must.Do(t, WriteExploration(path, e))
	b := must.Get(os.ReadFile(path))(t)
	return string(b), filepath.Join(filepath.Dir(path), "explore-plots")
}

func TestExplorationPage(t *testing.T) {
	page, plots := explorationPageOf(t, explored())
	at := 0
	for _, text := range []string{
		"✗ Violation", "The lock broke its promise", `id="tried"`, "3 of 1,416 single faults", "All of the pairs were tried.",
		`id="found"`, "progress, in 3 runs, by create&#39;s reply", "lose-reply@client1", "lose-reply (3 times)", `id="pictures"`, "kinds.svg", "properties.svg",
		`id="properties"`, "1,410 of 1,416 runs", "a client waited &lt;for ever&gt;", `id="kinds"`, `class="number unknown">never`, "is one for late-event",
		`id="again"`, "zklab explore lock --clients 3", `id="glossary"`,
	} {
		i := strings.Index(page[at:], text)
		if i < 0 {
			t.Fatalf("no %q after %q", text, page[max(0, at-40):at])
		}
		at += i
	}
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img src=x") {
		t.Error("what a history says got into the page as markup")
	}
	for _, name := range []string{"kinds.svg", "kinds.png", "properties.svg", "properties.png"} {
		if _, err := os.Stat(filepath.Join(plots, name)); err != nil {
			t.Error(err)
		}
	}
	if alt := exploredKindsFigure(explored()).Alt; alt != "Bar chart. lose-reply: 3 broke a promise, 167 took effect, and broke none, 10 without effect; expire: 60 took effect, and broke none; crash: 12 without effect." {
		t.Error(alt)
	}
}

// When there are many causes, the page shows those of most runs and folds away the
// others.
func TestExplorationPageOfManyCauses(t *testing.T) {
	e := explored()
	for i := range 30 {
		e.Causes = append(e.Causes, ExploredCause{Property: "exclusion", Where: "cause " + prose.Grouped(i), Runs: i})
	}
	page, _ := explorationPageOf(t, e)
	shown, folded, _ := strings.Cut(page, "<summary>21 more causes</summary>")
	if !strings.Contains(shown, "in 29 runs, by cause 29") || strings.Contains(shown, "by cause 3<") || !strings.Contains(folded, "in 3 runs, by cause 3<") {
		t.Error("the causes are not in order of their runs, or not folded away")
	}
}

// An exploration that tried little or nothing also has a page.
func TestExplorationPageOfLittle(t *testing.T) {
	page, _ := explorationPageOf(t, Exploration{Recipe: "lock", Verdict: checker.Unknown, Why: []string{"no fault could be injected"}})
	for _, text := range []string{"? Undecided", "No fault could be injected.", "Nothing was found.", "There is nothing to draw.", "No fault was tried."} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	without := []sweep.Unchecked{{Property: "log", Why: "no log", Runs: 7}, {Property: "order", Why: "no log", Runs: 9}}
	page, _ = explorationPageOf(t, Exploration{Recipe: "queue", Verdict: checker.Valid, Unchecked: without, Runs: 9})
	if !strings.Contains(page, "The queue kept every promise, whichever single fault hit whichever message; not checked: log in 7 runs and order (no log).") {
		t.Error("the page of a valid exploration does not say so")
	}
}
