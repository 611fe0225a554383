package sweep

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A thousand seeds draw everything there is, pairs of faults together and apart, no
// faults, and each seed the same each time.
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
		note("FaultIntervals", d.FaultInterval)
		note("Clients", d.Clients)
		note("Rates", d.Rate)
		note("Keys", d.Keys)
		note("SessionTimeouts", d.SessionTimeout)
		note("OpTimeouts", d.OpTimeout)
		note("Servers", d.Servers)
		note("Latencies", d.Latency)
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
	choices := reflect.ValueOf(c)
	for f, list := range choices.Fields() {
		different := map[any]bool{}
		for i := range list.Len() {
			different[list.Index(i).Interface()] = true
		}
		if f.Name != "Faults" && !cmp.Equal(different, seen[f.Name]) {
			t.Errorf("%s: drawn were %v of %v", f.Name, seen[f.Name], different)
		}
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

// What is fixed is as it is fixed, and moves nothing else.
func TestDrawFixed(t *testing.T) {
	free := UsualChoices()
	fixed := free
	fixed.Clients, fixed.Latencies, fixed.Servers = []int{4}, nil, nil
	for seed := int64(1); seed <= 100; seed++ {
		got, want := Draw(seed, fixed), Draw(seed, free)
		want.Clients, want.Latency, want.Servers = 4, "", 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	if got := fmt.Sprint(Drawn{Clients: 2, Rate: 0.5, Faults: []string{"a", "b"}}); got != "2 clients, 0.5 a second, faults a,b" {
		t.Error(got)
	}
}
