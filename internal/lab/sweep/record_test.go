package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// People read an example of each reason with its numbers; which example that is does not depend on the
// order of the runs.
func TestExamples(t *testing.T) {
	few := func(n string) (string, string) {
		reason := "only " + n + " acquires (keys k1, k2) met a holder, of 10 wanted"
		why := class(reason, nil)
		return why, exampleOf(reason, why)
	}
	for name, order := range map[string][]string{"one": {"3"}, "first": {"3", "7"}, "last": {"7", "3"}} {
		var c textCounts
		for _, n := range order {
			c.add(few(n))
		}
		want := Count{Text: "only # acquires met a holder, of # wanted", Example: "only 3 acquires met a holder, of 10 wanted", N: len(order)}
		if diff := cmp.Diff([]Count{want}, c.list()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		words := "such as: " + want.Example
		if len(order) == 1 {
			words = want.Example
		}
		if got := c.list()[0].Words(); got != words {
			t.Errorf("%s: %q", name, got)
		}
	}
	var c textCounts
	c.add("no token was given", exampleOf("no token was given", "no token was given"))
	c.add("x # y", "") // as in older records
	c.add("x # y", "x 2 y")
	if diff := cmp.Diff([]Count{{"x # y", "x 2 y", 2}, {"no token was given", "", 1}}, c.list()); diff != "" {
		t.Error(diff)
	}
}
