package context

import (
	"cmp"
	"slices"
	_ "unsafe" // for go:linkname
)

//go:linkname chooseCancel
func chooseCancel(n uint32) (chosen uint32, seeded bool)

// inOrder lists the children of a context as they are to be cancelled. The order of the map would
// depend on the addresses of the children; in a seeded bubble, the order is drawn, starting from the
// order in which the children were added.
func inOrder(children map[canceler]uint64) []canceler {
	list := make([]canceler, 0, len(children))
	for child := range children {
		list = append(list, child)
	}
	if _, seeded := chooseCancel(1); !seeded {
		return list
	}
	slices.SortFunc(list, func(a, b canceler) int { return cmp.Compare(children[a], children[b]) })
	for i := range list {
		j, _ := chooseCancel(uint32(i + 1))
		list[i], list[j] = list[j], list[i]
	}
	return list
}
