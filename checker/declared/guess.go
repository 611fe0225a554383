package declared

import (
	"encoding/json"
	"reflect"
	"slices"
)

// This file finds the outputs that an unanswered call may have had.

// mostSeen is how many different outputs are tried for one call of unknown outcome.
const mostSeen = 8

// guess finds the outputs that calls of unknown outcome may have had. values are the calls
// in terms of the model.
func (m *Porcupine) guess(values []any) {
	seen := map[string][]any{} // outputs of answered calls, by operation
	for _, v := range values {
		if a := v.(*asked); a.call.Outcome == Answered {
			seen[a.call.Operation] = append(seen[a.call.Operation], a.output)
		}
	}
	for _, v := range values {
		a := v.(*asked)
		switch {
		case a.call.Outcome != Unheard:
		case m.Outputs != nil:
			a.outputs = m.Outputs(a.input)
		case !m.every(a):
			a.outputs, a.guessed = outputs(a.output, seen[a.call.Operation])
		}
	}
}

// every sets all outputs that a call of unknown outcome may have, if its operation has
// few.
func (m *Porcupine) every(a *asked) bool {
	if m.Answer == nil {
		return false
	}
	all, ok := whole(m.Answer(a.call.Operation))
	for _, answer := range all {
		raw, err := json.Marshal(answer)
		answered := *a.call
		answered.Outcome, answered.Answer = Answered, raw
		_, output, known := m.Values(&answered)
		if err != nil || !known {
			return false
		}
		a.outputs = append(a.outputs, output)
	}
	return ok
}

// outputs returns possible outputs of the type of like; guessed if there can be others.
func outputs(like any, seen []any) (all []any, guessed bool) {
	if len(seen) > 0 {
		like = seen[0]
	}
	if like == nil {
		return []any{nil}, slices.ContainsFunc(seen, func(v any) bool { return v != nil })
	}
	if every, ok := whole(reflect.TypeOf(like)); ok {
		return every, false
	}
	all = append(all, reflect.Zero(reflect.TypeOf(like)).Interface(), strange(reflect.TypeOf(like)).Interface())
	for _, v := range seen {
		if len(all) < mostSeen && !slices.ContainsFunc(all, func(o any) bool { return reflect.DeepEqual(o, v) }) {
			all = append(all, v)
		}
	}
	return all, true
}

// whole returns all values of a type that has only a few.
func whole(t reflect.Type) (all []any, ok bool) {
	switch t.Kind() {
	case reflect.Bool:
		return []any{reflect.ValueOf(false).Convert(t).Interface(), reflect.ValueOf(true).Convert(t).Interface()}, true
	case reflect.Struct:
		sets := []reflect.Value{reflect.New(t).Elem()}
		for i := range t.NumField() {
			of, ok := whole(t.Field(i).Type)
			if !ok || !t.Field(i).IsExported() && len(of) > 1 || len(sets)*len(of) > 16 {
				return nil, false
			}
			if len(of) == 1 {
				continue
			}
			var more []reflect.Value
			for _, s := range sets {
				for _, v := range of {
					n := reflect.New(t).Elem()
					n.Set(s)
					n.Field(i).Set(reflect.ValueOf(v))
					more = append(more, n)
				}
			}
			sets = more
		}
		for _, s := range sets {
			all = append(all, s.Interface())
		}
		return all, true
	}
	return nil, false
}

// strange returns a value that no answer is likely to be.
func strange(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-77)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(177)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(-77.25)
	case reflect.String:
		v.SetString("\x00none")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v = reflect.MakeSlice(t, 0, 1)
		v = reflect.Append(v, strange(t.Elem()))
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				v.Field(i).Set(strange(t.Field(i).Type))
			}
		}
	}
	return v
}
