package sweep

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What all runs have in common is the same property with the same shape, whatever the faults.
func TestAlike(t *testing.T) {
	one := Cause{Property: "exclusion", Shape: "acquire ok", Faults: []string{"expire"}}
	same := Cause{Property: "exclusion", Shape: "acquire ok"}
	shape := Cause{Property: "exclusion", Shape: "acquire ok | release ok"}
	property := Cause{Property: "grant", Shape: "acquire ok"}
	for name, c := range map[string]struct {
		runs [][]Cause
		want []Cause
	}{
		"alike":            {[][]Cause{{one}, {property, same}}, []Cause{one}},
		"one is valid":     {[][]Cause{{one}, nil, {one}}, []Cause{}},
		"another shape":    {[][]Cause{{one}, {shape}}, []Cause{}},
		"another property": {[][]Cause{{one}, {property}}, []Cause{}},
		"two of three":     {[][]Cause{{one, shape, property}, {shape, one}}, []Cause{one, shape}},
	} {
		var a Alike
		for _, causes := range c.runs {
			a.Add(causes)
		}
		if diff := cmp.Diff(c.want, a.Causes); diff != "" || a.Runs != len(c.runs) {
			t.Errorf("%s: %d runs, %s", name, a.Runs, diff)
		}
	}
}
