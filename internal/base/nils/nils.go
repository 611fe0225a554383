// Package nils recognizes values that are nil inside an interface.
package nils

import "reflect"

// Is reports whether a value is nil, or a pointer that is nil.
func Is(v any) bool {
	of := reflect.ValueOf(v)
	return !of.IsValid() || of.Kind() == reflect.Pointer && of.IsNil()
}
