package declared

import (
	"hash/maphash"
	"iter"
	"math"
	"reflect"
)

// This file compares and hashes states of any type. Hashes follow pointers, so that a model that
// changes the state which it was given is noticed.

var seed = maphash.MakeSeed()

// changeable reports whether a value of a type can be changed through a copy of it.
func changeable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return changeable(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if changeable(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return true
	}
	return false
}

// same reports whether two states are equal.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// identical reports whether two states are the same map, slice or pointer.
func identical(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		return false
	}
	switch x.Kind() {
	case reflect.Map, reflect.Pointer:
		return x.Pointer() == y.Pointer()
	case reflect.Slice:
		return x.Pointer() == y.Pointer() && x.Len() == y.Len()
	}
	return false
}

// hashed returns a hash of a state, and roughly how many bytes it takes. States that are equal have
// the same hash.
func hashed(state any) (hash uint64, size int) {
	w := walk{}
	h := w.value(reflect.ValueOf(state), 0)
	return h, w.size
}

type walk struct{ size int }

// deepest limits how far pointers are followed: a state may refer to itself.
const deepest = 64

func (w *walk) value(v reflect.Value, depth int) uint64 {
	w.size += 8
	if !v.IsValid() || depth > deepest {
		return 1
	}
	switch v.Kind() {
	case reflect.Bool:
		h, _ := ofBool(v.Bool())
		return h
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return mix(3, uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return mix(4, v.Uint())
	case reflect.Float32, reflect.Float64:
		return mix(5, math.Float64bits(v.Float()+0)) // 0 and -0 are equal
	case reflect.String:
		w.size += v.Len()
		return maphash.String(seed, v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 6
		}
		return mix(7, w.value(v.Elem(), depth+1))
	case reflect.Slice, reflect.Array:
		h := mix(8, uint64(v.Len()))
		for i := range v.Len() {
			h = mix(h, w.value(v.Index(i), depth+1))
		}
		return h
	case reflect.Struct:
		h := mix(9, uint64(v.NumField()))
		for i := range v.NumField() {
			h = mix(h, w.value(v.Field(i), depth+1))
		}
		return h
	case reflect.Map:
		if hash := plainMaps[[2]reflect.Type{v.Type().Key(), v.Type().Elem()}]; hash != nil && v.CanInterface() {
			return hash(w, v)
		}
		h := mix(10, uint64(v.Len()))
		for key, value := range entriesOf(v) { // in any order
			h += mix(w.value(key, depth+1), w.value(value, depth+1))
		}
		return h
	}
	return mix(11, uint64(v.Kind()))
}

// entriesOf yields the entries of a map. An entry is valid only until the next one: making a new
// value for each would take most of the time.
func entriesOf(v reflect.Value) iter.Seq2[reflect.Value, reflect.Value] {
	return func(yield func(key, value reflect.Value) bool) {
		it := v.MapRange()
		if !v.CanInterface() { // values of unexported fields cannot be copied
			for it.Next() && yield(it.Key(), it.Value()) {
			}
			return
		}
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		for it.Next() {
			key.SetIterKey(it)
			value.SetIterValue(it)
			if !yield(key, value) {
				return
			}
		}
	}
}

// plainMaps has functions that hash the most common types of maps, by the types of keys and
// elements. They return the same as reflection, which takes several times as long.
var plainMaps = map[[2]reflect.Type]func(w *walk, v reflect.Value) uint64{}

func init() {
	plainElements(ofInt[int])
	plainElements(ofInt[int64])
	plainElements(ofText)
}

// plainElements adds the maps with keys of one type.
func plainElements[K comparable](key hashOf[K]) {
	plainMap(key, ofInt[int])
	plainMap(key, ofInt[int64])
	plainMap(key, ofText)
	plainMap(key, ofBool)
}

// hashOf returns the hash of a value, and how many bytes the value has beyond the usual
// size.
type hashOf[T any] func(T) (hash uint64, size int)

func plainMap[K comparable, V any](ofKey hashOf[K], ofValue hashOf[V]) {
	plain := reflect.TypeFor[map[K]V]()
	plainMaps[[2]reflect.Type{plain.Key(), plain.Elem()}] = func(w *walk, v reflect.Value) uint64 {
		m := v.Convert(plain).Interface().(map[K]V)
		h := mix(10, uint64(len(m)))
		w.size += 16 * len(m)
		for key, value := range m {
			k, inKey := ofKey(key)
			v, inValue := ofValue(value)
			h += mix(k, v)
			w.size += inKey + inValue
		}
		return h
	}
}

func ofInt[T int | int64](n T) (uint64, int) { return mix(3, uint64(n)), 0 }

func ofText(s string) (uint64, int) { return maphash.String(seed, s), len(s) }

func ofBool(b bool) (uint64, int) {
	if b {
		return mix(2, 1), 0
	}
	return mix(2, 0), 0
}

func mix(a, b uint64) uint64 {
	h := (a ^ b*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	return h ^ h>>32
}
