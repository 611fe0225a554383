package object

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

// This file finds types of arguments and answers that lose something when they are written as JSON.
// What is not recorded is not compared, so a rule would accept wrong values that differ only there.

// way is the path from a type to a part of it, as [loss] follows it.
type way struct {
	path string
	seen map[reflect.Type]bool // the types on the path, and those beside it that have been looked at
}

// loss describes what part of values of a type cannot be written as JSON, or not read; "" if nothing is
// lost. whole names the value.
func loss(t reflect.Type, whole string) string {
	return way{whole, map[reflect.Type]bool{}}.loss(t)
}

func (w way) to(part string) way { return way{w.path + part, w.seen} }

func (w way) loss(t reflect.Type) string {
	if w.seen[t] {
		return ""
	}
	w.seen[t] = true
	if form := ownForm(t); form != "" {
		return w.hidden(t, form)
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Sprintf("%s is a %s, which cannot be written as JSON", w.path, t)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Sprintf("%s is a %s, and no value of an interface with methods can be read from JSON: use a type, or any", w.path, t)
		}
	case reflect.Pointer:
		return w.loss(t.Elem())
	case reflect.Slice, reflect.Array:
		return w.to("[]").loss(t.Elem())
	case reflect.Map:
		if why := w.key(t.Key()); why != "" {
			return why
		}
		return w.to("[]").loss(t.Elem())
	case reflect.Struct:
		return w.fields(t, map[string]string{})
	}
	return ""
}

// key explains why the keys of a map are lost; "" if they are not.
func (w way) key(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return ""
	}
	if t.Implements(marshalsText) && reflect.PointerTo(t).Implements(readsText) {
		return ""
	}
	return fmt.Sprintf("the keys of %s are of the type %s, which cannot be written as JSON and read: use strings, numbers, or a type with MarshalText and UnmarshalText", w.path, t)
}

// fields names the field of a struct that is lost. written has the fields by their names in JSON.
func (w way) fields(t reflect.Type, written map[string]string) string {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		part := w.to("." + f.Name)
		inner := f.Type
		if f.Anonymous && inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		inlined := f.Anonymous && name == "" && inner.Kind() == reflect.Struct && ownForm(inner) == ""
		var why string
		switch {
		case f.Name == "_" || f.Type.Size() == 0:
		case tagged && tag == "-":
			why = fmt.Sprintf(`%s has the tag json:"-", so it is not recorded and would not be compared: remove the tag, or use a type without the field`, part.path)
		case inlined && !f.IsExported() && f.Type.Kind() == reflect.Pointer:
			why = fmt.Sprintf("%s is a pointer to an unexported struct, which cannot be read from JSON: embed the struct itself, or export it", part.path)
		case inlined:
			why = part.fields(inner, written)
		case !f.IsExported():
			why = fmt.Sprintf("%s is unexported, so it is not recorded and would not be compared: export it, or give the type MarshalJSON and UnmarshalJSON", part.path)
		default:
			if name == "" {
				name = f.Name
			}
			if other := written[name]; other != "" {
				return fmt.Sprintf("%s and %s are both called %q in JSON, so they are not both recorded and compared: rename one of them", other, part.path, name)
			}
			written[name] = part.path
			why = part.loss(f.Type)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

var (
	marshalsJSON = reflect.TypeFor[json.Marshaler]()
	readsJSON    = reflect.TypeFor[json.Unmarshaler]()
	marshalsText = reflect.TypeFor[encoding.TextMarshaler]()
	readsText    = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// ownForm returns the name of the method that writes values of a type, if another method reads them; ""
// if the type does not have both. The form that they use is the type's own choice.
func ownForm(t reflect.Type) string {
	p := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return ""
	case p.Implements(marshalsJSON) && p.Implements(readsJSON):
		return "MarshalJSON"
	case !p.Implements(marshalsJSON) && p.Implements(marshalsText) && p.Implements(readsText):
		return "MarshalText"
	}
	return ""
}

// hidden names the field of a struct that a method does not write and that comes from an embedded field.
func (w way) hidden(t reflect.Type, form string) string {
	if t.Kind() != reflect.Struct || !promoted(t, form) {
		return ""
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if (!f.Anonymous || ownForm(f.Type) == "" && f.Type.Kind() != reflect.Pointer) && f.Type.Size() > 0 && f.Name != "_" {
			return fmt.Sprintf("%s.%s is not recorded and would not be compared, because the %s of an embedded field writes %s: give that field a name", w.path, f.Name, form, w.path)
		}
	}
	return ""
}

// promoted reports whether a method of a struct belongs to an embedded field: the compiler has made it.
func promoted(t reflect.Type, form string) bool {
	find := func(t reflect.Type) (m reflect.Method, ok bool) {
		if form == "MarshalJSON" {
			return t.MethodByName("MarshalJSON")
		}
		return t.MethodByName("MarshalText")
	}
	m, ok := find(t)
	if !ok {
		m, ok = find(reflect.PointerTo(t))
	}
	if !ok {
		return false
	}
	code := m.Func.Pointer()
	file, _ := runtime.FuncForPC(code).FileLine(code)
	return file == "<autogenerated>"
}
