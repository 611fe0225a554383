package shrink

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What is needed is left and nothing else, after few runs if little is needed.
func TestFewer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := make([]int, rapid.IntRange(0, 300).Draw(t, "length"))
		for i := range list {
			list[i] = i
		}
		var needed []int
		for range min(rapid.IntRange(0, 4).Draw(t, "needed"), len(list)) {
			needed = append(needed, rapid.IntRange(0, len(list)-1).Draw(t, "one"))
		}
		needed = slices.Compact(slices.Sorted(slices.Values(needed)))
		runs := 0
		got := fewer(list, single, func(some []int) bool {
			runs++
			return !slices.ContainsFunc(needed, func(n int) bool { return !slices.Contains(some, n) })
		})
		if !slices.Equal(got, needed) {
			t.Fatalf("%v of %d, want %v", got, len(list), needed)
		}
		if most := 20 + 30*(len(needed)+1); runs > most {
			t.Fatalf("%d runs for %d of %d, more than %d", runs, len(needed), len(list), most)
		}
	})
}

// If everything is needed, everything is left. If a list is taken apart into four parts only, more than
// what is needed may be left.
func TestFewerOfAll(t *testing.T) {
	list := []int{1, 2, 3, 4, 5, 6, 7, 8}
	if got := fewer(list, single, func([]int) bool { return false }); !slices.Equal(got, list) {
		t.Errorf("of what is all needed: %v", got)
	}
	got := fewer(list, 4, func(some []int) bool { return slices.Contains(some, 3) })
	if !slices.Equal(got, []int{3, 4}) {
		t.Errorf("in four parts: %v", got)
	}
}
