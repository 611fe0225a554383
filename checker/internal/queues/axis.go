package queues

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/checker/internal/zones"
)

// axis is an ordered list of moments at which something began or ended. Stretches of it become
// busy. Every moment has an even position, and the time between it and the next one has the odd
// position after it.
type axis[T cmp.Ordered] struct {
	*zones.Free
	moments []T
}

func newAxis[T cmp.Ordered](moments []T) *axis[T] {
	slices.Sort(moments)
	moments = slices.Compact(moments)
	return &axis[T]{zones.NewFree(2*len(moments) + 1), moments}
}

// end returns the position after all others.
func (a *axis[T]) end() int32 { return int32(2 * len(a.moments)) }

// at returns the position of a moment of the axis.
func (a *axis[T]) at(t T) int32 {
	i, _ := slices.BinarySearch(a.moments, t)
	return int32(2 * i)
}

// after returns the position after the last moment that is not after t.
func (a *axis[T]) after(t T) int32 {
	i, found := slices.BinarySearch(a.moments, t)
	if found {
		i++
	}
	return int32(max(0, 2*i-1))
}

// occupy makes all positions between two others busy.
func (a *axis[T]) occupy(from, to int32) { a.Take(from+1, to) }
