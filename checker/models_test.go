package checker

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/explain"
	objects "github.com/zklab/zklab/history/models"
)

// recipeModels lists the models of recipes, which have objects under keys.
func recipeModels() []string {
	return slices.DeleteFunc(Models(), func(m string) bool { return m == objects.Session.Name })
}

// A property of several objects, or with several names, is described in the same way each
// time.
func TestTellings(t *testing.T) {
	told := map[string]explain.Telling{
		"exclusion": explain.HeldTwice, "belief": explain.BelievedHeld, "lost": explain.ClaimedHeld, "fencing": explain.OldToken,
		"integrity": explain.CameTwice, "class-order": explain.Overtaken, "same-due": explain.Overtaken, "loss": explain.Vanished,
		"early": explain.PassedEarly,
	}
	for _, name := range Models() {
		for _, p := range models[name].Properties {
			want := told[p.Name]
			if p.Name == "order" && models[name].Object.State == objects.Filled {
				want = explain.Overtaken
			}
			if got := Telling(name, p.Name); got != want {
				t.Errorf("%s of %s: %d, want %d", p.Name, name, got, want)
			}
		}
	}
}
