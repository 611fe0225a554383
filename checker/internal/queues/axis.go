package queues

import (
	"cmp"
	"slices"
)

// axis is an ordered list of moments at which something began or ended. Stretches of it become
// busy. Every moment has an even position, and the time between it and the next one has the odd
// position after it.
type axis[T cmp.Ordered] struct {
	moments []T
	// beyond holds, for each position, the position itself if it is free, or otherwise a later
	// position up to which all are busy.
	beyond []int
}

func newAxis[T cmp.Ordered](moments []T) *axis[T] {
	slices.Sort(moments)
	a := &axis[T]{moments: slices.Compact(moments)}
	a.beyond = make([]int, a.end()+1)
	for i := range a.beyond {
		a.beyond[i] = i
	}
	return a
}

// end returns the position after all others.
func (a *axis[T]) end() int { return 2 * len(a.moments) }

// at returns the position of a moment of the axis.
func (a *axis[T]) at(t T) int {
	i, _ := slices.BinarySearch(a.moments, t)
	return 2 * i
}

// after returns the position after the last moment that is not after t.
func (a *axis[T]) after(t T) int {
	i, found := slices.BinarySearch(a.moments, t)
	if found {
		i++
	}
	return max(0, 2*i-1)
}

// occupy makes all positions between two others busy.
func (a *axis[T]) occupy(from, to int) {
	for p := a.free(from + 1); p < to; p = a.free(p) {
		a.beyond[p] = p + 1
	}
}

// free returns the first position from p on that is not busy; the end is always free.
func (a *axis[T]) free(p int) int {
	root := p
	for a.beyond[root] != root {
		root = a.beyond[root]
	}
	for a.beyond[p] != root && p != root {
		p, a.beyond[p] = a.beyond[p], root
	}
	return root
}
