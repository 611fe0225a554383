package sweep

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/settings"
)

// A thousand seeds draw every choice, each pair of faults together and apart, and no faults; each seed
// draws the same every time.
func TestDraw(t *testing.T) {
	c := UsualChoices()
	c.Faults = []string{"pause", "kill", "expire", "lose-reply", "stall-link", "rolling", "cut", "freeze"}
	seen := map[string]map[any]bool{}
	note := func(what string, value any) {
		if seen[what] == nil {
			seen[what] = map[any]bool{}
		}
		seen[what][value] = true
	}
	pairs := map[[2]string]int{} // bits: together, first alone, second alone
	kinds := map[string]bool{}
	for seed := int64(1); seed <= 1000; seed++ {
		d := Draw(seed, c)
		if diff := cmp.Diff(d, Draw(seed, c)); diff != "" {
			t.Fatal(diff)
		}
		note("Faults", len(d.Faults))
		note("Aimed", d.Aimed)
		for _, k := range settings.Knobs {
			note(k.Name(), reflect.ValueOf(k.Field(&d.Settings)).Elem().Interface())
		}
		kinds[d.String()] = true
		for i, a := range c.Faults {
			for _, b := range c.Faults[:i] {
				switch has, other := slices.Contains(d.Faults, a), slices.Contains(d.Faults, b); {
				case has && other:
					pairs[[2]string{a, b}] |= 1
				case has:
					pairs[[2]string{a, b}] |= 2
				case other:
					pairs[[2]string{a, b}] |= 4
				}
			}
		}
	}
	for name, list := range c.Of {
		different := map[any]bool{}
		for _, choice := range list {
			different[choice] = true
		}
		if !cmp.Equal(different, seen[name]) {
			t.Errorf("%s: drawn were %v of %v", name, seen[name], different)
		}
	}
	if len(c.Of) != 8 {
		t.Errorf("%d knobs are drawn, of %v", len(c.Of), c.Of)
	}
	if len(seen["Aimed"]) != 2 {
		t.Errorf("aimed: drawn were %v", seen["Aimed"])
	}
	if !seen["Faults"][0] || !seen["Faults"][1] || len(seen["Faults"]) < 7 {
		t.Errorf("sizes of subsets of %d faults: %v", len(c.Faults), seen["Faults"])
	}
	for pair, bits := range pairs {
		if bits != 7 {
			t.Errorf("%v: together, or one without the other, is never drawn (%03b)", pair, bits)
		}
	}
	if len(kinds) < 990 {
		t.Errorf("of 1,000 runs only %d differ", len(kinds))
	}
}

// Fixed choices have their values, and do not change the other choices.
func TestDrawFixed(t *testing.T) {
	free, fixed := UsualChoices(), UsualChoices()
	fixed.Of["clients"], fixed.Of["latencies"], fixed.Of["nodes"] = []any{4}, nil, nil
	for seed := int64(1); seed <= 100; seed++ {
		got, want := Draw(seed, fixed), Draw(seed, free)
		want.Clients, want.Latencies, want.Nodes = 4, "", 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	if got := fmt.Sprint(Drawn{Settings: settings.Settings{Clients: 2, Rate: 0.5}, Faults: []string{"a", "b"}, Aimed: true}); got != "2 clients, 0.5 a second, faults a,b at messages" {
		t.Error(got)
	}
}
