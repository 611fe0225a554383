package onerun

import (
	"testing"

	"github.com/zklab/zklab/checker"
)

// Every property that was kept has an explanation in words.
func TestMeanings(t *testing.T) {
	for _, model := range checker.Models() {
		checks, err := checker.For(model, checker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if checker.Meaning(model, c.Name()) == "" {
				t.Errorf("%s of %s has no meaning", c.Name(), model)
			}
		}
	}
}
