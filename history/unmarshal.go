package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// JSONError describes a mistake in a JSON text, in terms of JSON rather than Go, on one line.
type JSONError struct {
	Offset int64  // position in bytes; 0 if it is not known
	Reason string // "seed is a string: expected a whole number of 64 bits"

	malformed bool // the text is not JSON
}

// Error returns the reason.
func (e *JSONError) Error() string { return e.Reason }

// Unmarshal is like json.Unmarshal, for an object. All its errors are of type *[JSONError].
func Unmarshal(text []byte, v any) error {
	if fill(text, v) {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return explained(text, err) // a separate function, so that success allocates nothing
	}
	return nil
}

// explained rewrites an error of encoding/json.
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
		return &JSONError{Reason: fmt.Sprintf("%.60q is not a time: expected one like \"2026-01-31T12:00:00Z\"", moment.Value)}
	}
	return &JSONError{Reason: err.Error()}
}

// unmarshal is like Unmarshal, for a value within a line. If the text is not JSON, the error names the
// byte.
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

// found returns encoding/json's name of a value, with its article.
func found(value string) string {
	switch value {
	case "array", "object":
		return "an " + value
	}
	return "a " + value
}

// expected returns the name of a type in terms of JSON.
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
