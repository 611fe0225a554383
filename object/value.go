package object

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// This file writes arguments and answers as JSON and reads them.

// encode writes a value. The error says in one line what would be lost of it.
func encode[T any](v T) (json.RawMessage, error) {
	raw, err := json.Marshal(&v) // by a pointer, so that methods of pointers also write it
	if err != nil {
		return nil, err
	}
	if err := writable(reflect.ValueOf(&v).Elem(), 0); err != nil {
		return nil, err
	}
	var back T
	if err := decode(raw, &back); err != nil {
		return nil, fmt.Errorf("the value %.100s cannot be read from JSON: %w", raw, err)
	}
	again, err := json.Marshal(&back)
	if err != nil || !bytes.Equal(raw, again) {
		return nil, fmt.Errorf("the value %.100s is another one after it was written as JSON and read: %.100s", raw, again)
	}
	return raw, nil
}

// deepest limits how far values are looked at: JSON is no deeper.
const deepest = 1000

// writable looks for losses that a type does not show: texts that JSON cannot have, and the types
// of values in an any.
func writable(v reflect.Value, depth int) error {
	if depth > deepest || v.IsValid() && ownForm(v.Type()) != "" {
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return fmt.Errorf("the text %.100q is not UTF-8, which JSON has to be: use []byte", v.String())
		}
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if why := loss(v.Elem().Type(), v.Elem().Type().String()); why != "" {
			return fmt.Errorf("%s", why)
		}
		return writable(v.Elem(), depth+1)
	case reflect.Pointer:
		return writable(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		if simple(v.Type().Elem()) {
			return nil
		}
		for i := range v.Len() {
			if err := writable(v.Index(i), depth+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := writable(it.Key(), depth+1); err != nil {
				return err
			}
			if err := writable(it.Value(), depth+1); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := writable(v.Field(i), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// simple reports whether values of a type are numbers or truth values.
func simple(t reflect.Type) bool { return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64 }

// decode reads a value. A number in an any is a float64 if it is exact, and a json.Number otherwise.
func decode(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return json.Unmarshal(raw, into) // says what follows the value
	}
	exact(reflect.ValueOf(into).Elem(), 0)
	return nil
}

// exact makes the numbers in a decoded value float64, where nothing is lost.
func exact(v reflect.Value, depth int) {
	if depth > deepest || simple(v.Type()) || ownForm(v.Type()) != "" {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.CanSet() && !v.IsNil() {
			v.Set(reflect.ValueOf(float(v.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			exact(v.Elem(), depth+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			exact(v.Index(i), depth+1)
		}
	case reflect.Map:
		if !v.IsNil() && v.Type().Elem().Kind() != reflect.String {
			for it := v.MapRange(); it.Next(); {
				value := reflect.New(v.Type().Elem()).Elem()
				value.Set(it.Value())
				exact(value, depth+1)
				v.SetMapIndex(it.Key(), value)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			exact(v.Field(i), depth+1)
		}
	}
}

// float makes the numbers in a value of decoded JSON float64, where nothing is lost.
func float(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err == nil && numberOf(string(v)).Cmp(numberOf(strconv.FormatFloat(f, 'g', -1, 64))) == 0 {
			return f
		}
	case []any:
		for i := range v {
			v[i] = float(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = float(v[name])
		}
	}
	return v
}

// numberOf returns a number of JSON that is exact to the last of 512 bits.
func numberOf(text string) *big.Float {
	n, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
	if err != nil {
		return new(big.Float)
	}
	return n
}
