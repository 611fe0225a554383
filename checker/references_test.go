package checker

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/checker/internal/frame"
)

// TestEveryPropertyHasAReference requires that each property is decided a second time, by search, or that its
// declaration says why not.
func TestEveryPropertyHasAReference(t *testing.T) {
	without := map[*frame.Property]bool{} // properties of some object that have no reference model
	for name, m := range models {
		covered := map[string]bool{}
		for _, r := range m.References {
			for _, c := range r.Covers {
				covered[c] = true
				if !slices.ContainsFunc(m.Properties, func(p *frame.Property) bool { return p.Name == c }) {
					t.Errorf("a reference of %s covers %s, which is no property of it", name, c)
				}
			}
		}
		for _, p := range m.Properties {
			if !covered[p.Name] && p.NoModel == "" {
				t.Errorf("%s of %s has no reference: give it one, or say why it needs none (Property.NoModel)", p.Name, name)
			}
			without[p] = without[p] || !covered[p.Name]
		}
	}
	for p := range without {
		if !without[p] && p.NoModel != "" {
			t.Errorf("%s has a reference wherever it is decided, and says why it has none", p.Name)
		}
	}
}
