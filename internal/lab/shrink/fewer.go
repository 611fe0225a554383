package shrink

import "slices"

// fewer removes items that are not needed from a list. It tries to remove the whole list, then halves,
// and then smaller parts, until the list is divided into the given number of parts, or into single
// items. fails reports whether a part of the list is enough.
func fewer[T any](list []T, parts int, fails func([]T) bool) []T {
	if len(list) == 0 {
		return list
	}
	if fails(nil) {
		return nil
	}
	least := max(len(list)/parts, 1)
	for size := (len(list) + 1) / 2; size >= least; {
		before := len(list)
		for at := 0; at < len(list); {
			rest := slices.Concat(list[:at], list[min(at+size, len(list)):])
			if len(rest) > 0 && fails(rest) {
				list = rest
			} else {
				at += size
			}
		}
		switch {
		case size > least:
			size = max(min((size+1)/2, (len(list)+1)/2), least)
		case len(list) == before:
			return list
		}
	}
	return list
}
