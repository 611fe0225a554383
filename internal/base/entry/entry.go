// Package entry finds entries of maps, and makes those that are missing.
package entry

// Of returns the entry of a key. It makes the entry if it is missing, and the map if that is nil.
func Of[K comparable, T any](m *map[K]*T, key K) *T {
	if *m == nil {
		*m = map[K]*T{}
	}
	if (*m)[key] == nil {
		(*m)[key] = new(T)
	}
	return (*m)[key]
}
