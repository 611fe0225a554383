package onerun

import (
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Every property that was kept has an explanation in words.
func TestMeanings(t *testing.T) {
	for _, model := range checker.Models() {
		checks := must.Get(checker.For(model, checker.Options{}))(t)
		for _, c := range checks {
			if checker.Meaning(model, c.Name()) == "" {
				t.Errorf("%s of %s has no meaning", c.Name(), model)
			}
		}
	}
}
