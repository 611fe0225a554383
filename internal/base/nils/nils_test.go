package nils

import "testing"

func TestIs(t *testing.T) {
	var none *int
	for _, c := range []struct {
		name string
		v    any
		want bool
	}{{"nil", nil, true}, {"a nil pointer", none, true}, {"a pointer", new(int), false}, {"zero", 0, false}, {"a nil slice", []int(nil), false}} {
		if Is(c.v) != c.want {
			t.Errorf("%s: %v", c.name, !c.want)
		}
	}
}
