package declared

import (
	"reflect"
	"testing"
)

// hidden has a map that cannot be taken out of it, so it is hashed by reflection.
type hidden[K comparable, V any] struct{ m map[K]V }

// Maps of the usual types have the same hashes as by reflection.
func TestPlainMaps(t *testing.T) {
	type named map[int]string
	for _, of := range [][2]any{
		{map[int]int{1: -2, 3: 4}, hidden[int, int]{map[int]int{3: 4, 1: -2}}},
		{map[string]bool{"a": true, "b": false}, hidden[string, bool]{map[string]bool{"a": true, "b": false}}},
		{map[int64]string{1: "one"}, hidden[int64, string]{map[int64]string{1: "one"}}},
		{named{1: "one", 2: ""}, hidden[int, string]{map[int]string{1: "one", 2: ""}}},
		{map[int]int(nil), hidden[int, int]{}},
	} {
		m, hidden := reflect.ValueOf(of[0]), reflect.ValueOf(of[1]).Field(0)
		if plainMaps[[2]reflect.Type{m.Type().Key(), m.Type().Elem()}] == nil || hidden.CanInterface() {
			t.Fatalf("%T is not one of them, or %T shows its map", of[0], of[1])
		}
		var plain, reflected walk
		if a, b := plain.value(m, 0), reflected.value(hidden, 0); a != b || plain.size != reflected.size {
			t.Errorf("%v: %x of %d bytes, by reflection %x of %d", of[0], a, plain.size, b, reflected.size)
		}
	}
}
