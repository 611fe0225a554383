package object

import (
	"reflect"
)

// Nobody stands for the caller in a state without one, such as a lease that is free. (The zero
// [Caller] is client 0, so a specification whose initial state contains a zero Caller is refused.)
var Nobody = Caller{Client: -1}

// hasZeroCaller reports whether a value has a zero Caller somewhere.
func hasZeroCaller(v reflect.Value, depth int) bool {
	if depth > deepest || !v.IsValid() {
		return false
	}
	if v.Type() == reflect.TypeFor[Caller]() {
		return v.IsZero()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return hasZeroCaller(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if hasZeroCaller(v.Index(i), depth+1) {
				return true
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if hasZeroCaller(it.Key(), depth+1) || hasZeroCaller(it.Value(), depth+1) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if hasZeroCaller(v.Field(i), depth+1) {
				return true
			}
		}
	}
	return false
}
