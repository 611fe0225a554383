//go:build real

package runtest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects/adapter"
)

// Excused names checks of an adapter, each by its recipe and its own name: "lock overlap".
type Excused struct {
	Fails   []string // the adapter cannot pass them
	MayFail []string // the adapter need not pass them
	Lacks   []string // the adapter does not offer what they check
}

// checksAtOnce is how many checks run at once: they mostly wait.
const checksAtOnce = 8

// Conforms checks an adapter. The test fails for each check that the adapter does not pass and that is not excused, and
// for each that it passes although it is said to fail or to lack something. The defaults of c are a patience of a
// minute, and eight checks at once.
func Conforms(t *testing.T, c adapter.Conformance, but Excused) {
	t.Helper()
	c.Patience, c.AtOnce, c.Logf = cmp.Or(c.Patience, time.Minute), cmp.Or(c.AtOnce, checksAtOnce), t.Logf
	results := must.Get(adapter.Conform(t.Context(), c))(t)
	var made []string
	for _, r := range results {
		name := r.Recipe + " " + r.Check
		made = append(made, name)
		want := adapter.OK
		switch {
		case slices.Contains(but.Fails, name):
			want = adapter.Failed
		case slices.Contains(but.Lacks, name):
			want = adapter.NotOffered
		case slices.Contains(but.MayFail, name) && r.Outcome == adapter.Failed:
			continue
		}
		if r.Outcome != want {
			t.Errorf("%s: %s, want %s: %s", name, r.Outcome, want, r.Detail)
		}
	}
	for _, name := range slices.Concat(but.Fails, but.MayFail, but.Lacks) {
		if !slices.Contains(made, name) {
			t.Errorf("there is no check %q", name)
		}
	}
	if len(made) < 15 {
		t.Errorf("only %d checks", len(made))
	}
}
