package declared

import "testing"

type named struct {
	Holder string
	ticks  int
}

type spoken struct{ n int }

func (spoken) String() string { return "in its own words" }

// A proof shows only what changed in a long state.
func TestBrief(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after any
		want          string
	}{
		"a field":          {named{"client 1", 1}, named{"client 1", 2}, "{… ticks:2}"},
		"a key":            {map[string]int{"a": 1, "b": 2}, map[string]int{"a": 1, "b": 3, "c": 4}, "map[… b:3 c:4]"},
		"a key less":       {map[string]int{"a": 1, "b": 2}, map[string]int{"a": 1}, "map[… without b]"},
		"a long list":      {[]int{1, 2, 3, 4, 5, 6}, []int{1, 2, 3, 4, 5, 6, 7}, "[1 2 … 6 7] (7)"},
		"a short list":     {[]int{1}, []int{1, 2}, ""},
		"words of its own": {spoken{1}, spoken{2}, ""},
		"another type":     {1, "1", ""},
		"nothing":          {nil, 1, ""},
	} {
		if got := changeOf(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
