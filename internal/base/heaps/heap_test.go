package heaps

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Between pushes, Pop returns the least of the present items.
func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Heap[int]{Less: func(a, b int) bool { return a < b }}
		var want []int
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				v := rapid.IntRange(0, 9).Draw(t, "v")
				h.Push(v)
				want = append(want, v)
				slices.Sort(want)
			},
			"pop": func(t *rapid.T) {
				got, ok := h.Pop()
				if ok != (len(want) > 0) || ok && got != want[0] {
					t.Fatalf("%d, %v of %v", got, ok, want)
				}
				want = want[min(1, len(want)):]
			},
		})
	})
}
