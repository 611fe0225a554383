package history

import (
	"reflect"
	"strings"
	"sync"
)

// shape is how [quick.fill] reads objects of a type: the fields of a flat struct, in their order.
// It is nil for types that must be read the slow way.
type shape []member

// member is a field of a shape.
type member struct {
	begin string // "name": with its quotes
	kind  reflect.Kind
	id    bool // an [ID], which is written as a string
}

// mostMembers bounds the fields of a shape.
const mostMembers = 16

var shapes sync.Map // by reflect.Type

var idType = reflect.TypeFor[ID]()

func shapeOf(t reflect.Type) shape {
	if s, ok := shapes.Load(t); ok {
		return s.(shape)
	}
	s, _ := shapes.LoadOrStore(t, newShape(t))
	return s.(shape)
}

// newShape returns the shape of a type. It returns nil if a field is not a string, a number or a
// bool, or if its type has its own way of reading JSON.
func newShape(t reflect.Type) (s shape) {
	if t.Kind() != reflect.Struct || t.NumField() > mostMembers || readsItself(t) {
		return nil
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		plain := f.IsExported() && !f.Anonymous && name != "" && name != "-" && (options == "" || options == "omitempty")
		m := member{begin: `"` + name + `":`, kind: f.Type.Kind(), id: f.Type == idType}
		switch m.kind {
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64:
		default:
			return nil
		}
		if !plain || !m.id && readsItself(f.Type) {
			return nil
		}
		s = append(s, m)
	}
	return s
}

// readsItself reports whether a type has its own method for reading JSON or text.
func readsItself(t reflect.Type) bool {
	own := reflect.PointerTo(t)
	_, json := own.MethodByName("UnmarshalJSON")
	_, text := own.MethodByName("UnmarshalText")
	return json || text
}

// fill reads an object into v, a pointer to a flat struct, as encoding/json does, several times
// faster. It reads only objects in the form that encoding/json writes. It returns false for all
// others, and leaves v as it was.
func fill(text []byte, v any) bool {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return false
	}
	to = to.Elem()
	s := shapeOf(to.Type())
	if s == nil {
		return false
	}
	var all [mostMembers]filled
	q := quick{line: text}
	if !q.members(s, &all) || q.at != len(text) {
		return false
	}
	for i := range s {
		if all[i].there {
			all[i].put(s[i].kind, to.Field(i))
		}
	}
	return true
}

// filled says whether a member is present, and holds its value.
type filled struct {
	there  bool
	text   []byte
	number int64
}

func (f *filled) put(kind reflect.Kind, to reflect.Value) {
	switch kind {
	case reflect.String:
		to.SetString(string(f.text))
	case reflect.Bool:
		to.SetBool(f.number != 0)
	default:
		to.SetInt(f.number)
	}
}

// members consumes an object. Members may be absent, but must be in order.
func (q *quick) members(s shape, all *[mostMembers]filled) bool {
	if !q.skip("{") {
		return false
	}
	any := false
	for i := range s {
		from := q.at
		if (!any || q.skip(",")) && q.skip(s[i].begin) {
			if !q.member(&s[i], &all[i]) {
				return false
			}
			any = true
			continue
		}
		q.at = from
	}
	return q.skip("}")
}

func (q *quick) member(m *member, f *filled) (ok bool) {
	f.there = true
	switch {
	case m.id:
		var id ID
		ok = q.skip(`"0x`) && q.id(&id)
		f.number = int64(id)
	case m.kind == reflect.String:
		if ok = q.skip(`"`); ok {
			f.text, ok = q.raw()
		}
	case m.kind == reflect.Bool:
		if ok = q.skip("true"); ok {
			f.number = 1
		} else {
			ok = q.skip("false")
		}
	default:
		ok = q.number(&f.number) && (m.kind != reflect.Int32 || int64(int32(f.number)) == f.number)
	}
	return ok
}
