package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// JSONError says what is wrong with a JSON text, in words of JSON and not of Go. It is
// one line.
type JSONError struct {
	Offset int64  // the bytes of the text up to there; 0 if that is not known
	Reason string // "seed is a string: expected a whole number of 64 bits"

	malformed bool // it is no JSON at all
}

// Error is the reason.
func (e *JSONError) Error() string { return e.Reason }

// Unmarshal is json.Unmarshal of an object, whose errors are each a [JSONError].
func Unmarshal(text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return explained(text, err) // apart from here, where nothing is allocated for it
	}
	return nil
}

// explained is the error that a text gave.
func explained(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return &JSONError{Reason: "expected a JSON object, found nothing"}
	case errors.As(err, &syntax):
		return &JSONError{syntax.Offset, fmt.Sprintf("expected a JSON object: %v", err), true}
	case errors.As(err, &kind):
		what := kind.Field
		if what == "" {
			what = "it"
		}
		return &JSONError{kind.Offset, fmt.Sprintf("%s is %.60s: expected %s", what, found(kind.Value), expected(kind.Type)), false}
	case errors.As(err, &moment):
		return &JSONError{Reason: fmt.Sprintf("%.60q is no time: expected one like \"2026-01-31T12:00:00Z\"", moment.Value)}
	}
	return &JSONError{Reason: err.Error()}
}

// unmarshal is Unmarshal of a text that stands in a line among others: of what is no
// JSON it tells the byte.
func unmarshal(text []byte, v any) error {
	err := Unmarshal(text, v)
	if err == nil {
		return nil
	}
	var wrong *JSONError
	if errors.As(err, &wrong) && wrong.malformed {
		return fmt.Errorf("%w, at byte %d of it", err, wrong.Offset)
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
	case k == reflect.Float32, k == reflect.Float64:
		return "a number"
	}
	return "another value"
}
