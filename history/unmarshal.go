package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// unmarshal is json.Unmarshal with errors in words of the format, not of Go.
func unmarshal(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case len(bytes.TrimSpace(text)) == 0:
		return errors.New("expected a JSON object, found nothing")
	case errors.As(err, &syntax):
		return fmt.Errorf("expected a JSON object: %w, at byte %d of it", err, syntax.Offset)
	case errors.As(err, &kind):
		what := kind.Field
		if what == "" {
			what = "it"
		}
		return fmt.Errorf("%s is %.60s: expected %s", what, found(kind.Value), expected(kind.Type))
	}
	return err
}

// found is what encoding/json calls a value, with its article.
func found(value string) string {
	switch value {
	case "array", "object":
		return "an " + value
	}
	return "a " + value
}

// expected is a type in JSON's words.
func expected(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "a whole number of nanoseconds"
	}
	switch k := t.Kind(); {
	case k == reflect.Pointer:
		return expected(t.Elem())
	case k == reflect.String:
		return "a string"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Slice, k == reflect.Array:
		return "an array"
	case k == reflect.Struct, k == reflect.Map:
		return "an object"
	case reflect.Int <= k && k <= reflect.Uint64:
		return fmt.Sprintf("a whole number of %d bits", t.Bits())
	}
	return t.String()
}
