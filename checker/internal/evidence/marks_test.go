package evidence

import "testing"

// A path contains the names that stand by themselves in it, and not those that are part of a
// longer name.
func TestNamesInPaths(t *testing.T) {
	for _, tt := range []struct {
		path, name string
		want       bool
	}{
		{"/root/k/i1", "i1", true},
		{"/root/k/i1/contender-7", "i1", true},
		{"/root/k/item-i1", "i1", true},
		{"/root/k/i1_lock", "i1", true},
		{"/root/k/i10", "i1", false},
		{"/root/k/hi1", "i1", false},
		{"/root/k/i10/i1", "i1", true},
		{"/root/k/a11", "11", false},
		{"/root/k/111", "11", false},
	} {
		if got := names(tt.path, tt.name); got != tt.want {
			t.Errorf("%q in %s: %v", tt.name, tt.path, got)
		}
	}
}
