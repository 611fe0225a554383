package kinds

import (
	"testing"

	"github.com/zklab/zklab/history"
)

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range All() {
		if k.Name == "" || seen[k.Name] || k.Hits == "" || (k.Was == "") != (k.Were == "") {
			t.Errorf("a kind that cannot be told: %+v", k)
		}
		if history.RunFact(k.Name) {
			t.Errorf("%s is not only a kind of fault: a record has a fact of that name", k.Name)
		}
		seen[k.Name] = true
		if Named(k.Name) != k {
			t.Errorf("%s names %+v", k.Name, Named(k.Name))
		}
		if (k.Traits.Absent || k.Traits.Sessions != "" || k.Traits.Crashes) && !k.Hits.Clients() {
			t.Errorf("%s is said to do to clients what it does to no client", k.Name)
		}
	}
	if len(seen) < 28 || !seen["pause"] || !seen["counter"] {
		t.Errorf("kinds: %v", seen)
	}
}

// The record takes precedence; if it says nothing, the kind decides, and from an unknown kind nothing
// follows.
func TestTraitsOf(t *testing.T) {
	told := history.FaultTraits{Crashes: true}
	for _, test := range []struct {
		kind string
		told history.FaultTraits
		want history.FaultTraits
	}{
		{"expire", history.FaultTraits{}, history.FaultTraits{Sessions: history.EndAtOnce}},
		{"expire", told, told},
		{"hammer", told, told},
		{"hammer", history.FaultTraits{}, history.FaultTraits{}},
	} {
		if got := TraitsOf(test.kind, history.FaultStep{Traits: test.told}); got != test.want {
			t.Errorf("%s, of which the record says %+v: %+v", test.kind, test.told, got)
		}
	}
}
