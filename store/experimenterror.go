package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"

	"github.com/zklab/zklab/internal/base/nearest"
)

// decode decodes YAML. The library panics on some texts, such as !!int where there should be a list.
func decode(text []byte, x *Experiment) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML in it makes no sense (%v): an experiment file has fields as in recipe: lock", p)
		}
	}()
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(x); err != nil {
		return told(err)
	}
	return nil
}

// told is an error of YAML in words of an experiment file: one line, with line and
// column where they are known.
func told(err error) error {
	var kind *yaml.TypeError
	var beyond *yaml.OverflowError
	var field *yaml.UnknownFieldError
	var node *yaml.UnexpectedNodeTypeError
	var syntax *yaml.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty: expected fields, as in recipe: lock")
	case errors.As(err, &kind):
		return fmt.Errorf("%sexpected %s", found(kind.Token), wanted(kind.DstType))
	case errors.As(err, &beyond):
		return fmt.Errorf("%sexpected %s of %d bits", found(beyond.Token), wanted(beyond.DstType), beyond.DstType.Bits())
	case errors.As(err, &field) && field.Token != nil:
		t, known := field.Token, fields
		if t.Position.Column > 1 { // within another
			known = slices.Concat(fields, fieldsOfSchedule)
		}
		return fmt.Errorf("%sunknown field%sknown are %s", found(t), nearest.DidYouMean(t.Value, known), strings.Join(known, ", "))
	}
	text, _, _ := strings.Cut(err.Error(), "\n") // below it is a drawing
	switch {
	case errors.As(err, &node) && node.Token.Position.Line == 1:
		return fmt.Errorf("%sexpected fields, as in recipe: lock", found(node.Token))
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: an experiment file is YAML, of fields as in recipe: lock", text)
	}
	if d, ok := strings.CutPrefix(text, "time: "); ok {
		return fmt.Errorf("%s: expected %s", d, wanted(reflect.TypeFor[time.Duration]()))
	}
	return errors.New(text)
}

// found is where a token stands and what it is.
func found(t *token.Token) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("[%d:%d] %.40q: ", t.Position.Line, t.Position.Column, t.Value)
}

// wanted is what a field of some type takes.
func wanted(t reflect.Type) string {
	switch k := t.Kind(); {
	case t == reflect.TypeFor[time.Duration]():
		return "a time with its unit, like 500ms, 10s or 1m30s"
	case k == reflect.Pointer:
		return wanted(t.Elem())
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Slice:
		return "a list"
	case k == reflect.Struct:
		return "fields"
	case reflect.Int <= k && k <= reflect.Uint64:
		return "a whole number"
	case k == reflect.Float64:
		return "a number"
	}
	return "a text"
}

// fraction finds a number with a fraction where there should be a whole one: the library
// leaves the fraction out.
func fraction(text []byte) error {
	var written map[string]any
	if yaml.Unmarshal(text, &written) != nil {
		return nil // by its aliases only: it has been read
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Experiment]()) {
		name := nameOf(f)
		if n, ok := written[name].(float64); ok && wanted(f.Type) == "a whole number" && n != math.Trunc(n) {
			return fmt.Errorf("%s is %v: expected a whole number", name, n)
		}
	}
	return nil
}

// The names in an experiment file, and in its schedule.
var (
	fields           = names(reflect.TypeFor[Experiment]())
	fieldsOfSchedule = names(reflect.TypeFor[Scheduled]())
)

func names(t reflect.Type) []string {
	var of []string
	for f := range t.Fields() {
		if f.Anonymous { // its fields stand beside the others
			of = append(of, names(f.Type)...)
			continue
		}
		of = append(of, nameOf(f))
	}
	return of
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}
