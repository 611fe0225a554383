package checker

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	objects "github.com/zklab/zklab/history/models"
)

// A refusal that an operation declares is an answer, and counts as load. Another failure does not.
func TestRefusalsAreLoad(t *testing.T) {
	model := objects.Model{Name: "own-cron", Operations: []objects.Operation{{F: "lead"}, {F: "tick"}}}
	for code, met := range map[string]bool{history.CodeRefused: true, history.CodeError: false} {
		b := historytest.New(model.Name)
		b.Op(0, "lead", "k", 1, 2, history.OK, nil, nil).Session(1)
		for i := range 12 {
			at := float64(10 + 10*i)
			b.Op(1, "tick", "k", at, at+1, history.Fail, nil, nil).Session(2).Error(code)
		}
		h := b.History()
		h.Header.Params.MinLoad = 10
		a := evidence.Read(t.Context(), h, &model, nil)
		if got := loaded(a, accountOf(a).Load); got.Met != met || met != strings.Contains(got.Text, "13 operations succeeded, or were refused, ") {
			t.Errorf("%s: %t, %s", code, got.Met, got.Text)
		}
	}
}
