package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/zklab/zklab/internal/base/nearest"
)

// decode decodes YAML. It recovers from panics of the library, which some texts cause, such as
// !!int in place of a list.
func decode(text []byte, x *Experiment) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("invalid YAML (%v): an experiment file has fields such as recipe: lock", p)
		}
	}()
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(x); err != nil {
		return told(text, err)
	}
	return second(text)
}

// told rewrites an error of the YAML library for the reader of an experiment file: one line, with
// the line and column if known.
func told(text []byte, err error) error {
	var kind *yaml.TypeError
	var beyond *yaml.OverflowError
	var field *yaml.UnknownFieldError
	var node *yaml.UnexpectedNodeTypeError
	var syntax *yaml.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty: expected fields such as recipe: lock")
	case errors.As(err, &kind):
		return wrongType(text, kind)
	case errors.As(err, &beyond):
		return fmt.Errorf("%sexpected %s of %d bits", foundAt(text, beyond.Token), wanted(beyond.DstType), beyond.DstType.Bits())
	case errors.As(err, &field) && field.Token != nil:
		t, known := field.Token, fields
		if t.Position.Column > 1 { // only a schedule has fields that have fields
			known = fieldsOfSchedule
		}
		if near := nearest.To(t.Value, known); near != "" {
			return fmt.Errorf("%sunknown field; did you mean %q?", found(t), near)
		}
		return fmt.Errorf("%sunknown field; known are %s", found(t), strings.Join(known, ", "))
	}
	line, _, _ := strings.Cut(err.Error(), "\n") // the following lines show the source
	switch {
	case errors.As(err, &node) && node.Token.Position.Line == 1:
		return fmt.Errorf("%sexpected fields such as recipe: lock", found(node.Token))
	case errors.As(err, &syntax) && strings.Contains(line, "character '\t'"):
		return fmt.Errorf("[%d:%d] a tab: indent with spaces, as YAML asks for", syntax.Token.Position.Line, syntax.Token.Position.Column)
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: an experiment file is YAML with fields such as recipe: lock", line)
	}
	if d, ok := strings.CutPrefix(line, "time: "); ok {
		_, value, _ := strings.Cut(d, `"`)
		at := placeOf(text, func(v *ast.MappingValueNode, _ int) bool { return v.Value.GetToken().Value+`"` == value })
		return fmt.Errorf("%s%s: expected %s", before(at), d, wanted(reflect.TypeFor[time.Duration]()))
	}
	return errors.New(line)
}

// wrongType returns an error that says what a field accepts, for a value of the wrong type.
func wrongType(text []byte, err *yaml.TypeError) error {
	if err.Token != nil && fieldOf(text, err.Token) == "faults" {
		if pair := pairAt(text, err.Token); pair != "" {
			return fmt.Errorf("[%d:%d] faults: a fault is one text: write %s, without a space", err.Token.Position.Line, err.Token.Position.Column, pair)
		}
	}
	if t := err.Token; t != nil && fieldOf(text, t) != "" {
		if item := onlyItem(t); item != "" {
			return fmt.Errorf("[%d:%d] %s: a list, expected %s: write %[3]s: %[5]s", t.Position.Line, t.Position.Column, fieldOf(text, t), wanted(err.DstType), item)
		}
	}
	return fmt.Errorf("%sexpected %s", foundAt(text, err.Token), wanted(err.DstType))
}

// scalars are the types of values that are neither lists nor maps.
var scalars = []token.Type{token.StringType, token.IntegerType, token.FloatType, token.BoolType}

// onlyItem returns the text of the item of a list with one item, which begins at a token; "" if there is none.
func onlyItem(t *token.Token) string {
	item := t.Next
	if item == nil || !slices.Contains(scalars, item.Type) {
		return ""
	}
	end := item.Next
	switch {
	case t.Type == token.SequenceStartType && end != nil && end.Type == token.SequenceEndType,
		t.Type == token.SequenceEntryType && (end == nil || end.Type != token.SequenceEntryType && end.Type != token.MappingValueType):
		return item.Value
	}
	return ""
}

// foundAt describes the token of a value: where it is, in which field, and what it is.
func foundAt(text []byte, t *token.Token) string {
	if t == nil {
		return ""
	}
	name := fieldOf(text, t)
	if name != "" {
		name += ": "
	}
	return fmt.Sprintf("[%d:%d] %s%.40q: ", t.Position.Line, t.Position.Column, name, t.Value)
}

// fieldOf returns the innermost field of a file whose value holds a token, or "".
func fieldOf(text []byte, t *token.Token) (name string) {
	eachField(text, func(v *ast.MappingValueNode, depth int) {
		// The fields come in the order of the file, and those within a field after it.
		if at := v.Key.GetToken().Position; depth == 0 && (at.Line < t.Position.Line || at.Line == t.Position.Line && at.Column < t.Position.Column) {
			name = v.Key.GetToken().Value
		}
	})
	return name
}

// pairAt returns "kill:leader" for the mapping "kill: leader" that a token belongs to, or "".
func pairAt(text []byte, t *token.Token) (pair string) {
	eachField(text, func(v *ast.MappingValueNode, depth int) {
		if _, simple := v.Value.(ast.ScalarNode); simple && depth > 0 && v.Key.GetToken().Position.Line == t.Position.Line {
			pair = v.Key.GetToken().Value + ":" + v.Value.GetToken().Value
		}
	})
	return pair
}

// found describes a token: where it is and what it is.
func found(t *token.Token) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("[%d:%d] %.40q: ", t.Position.Line, t.Position.Column, t.Value)
}

// before returns a place followed by a space, as the beginning of a message; "" for no place.
func before(place string) string {
	if place == "" {
		return ""
	}
	return place + " "
}

// wanted describes the values that a field of this type accepts.
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

// second returns an error if a text has a document after the first, which the decoder ignores.
func second(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil // it was read before
	}
	documents := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(documents) < 2 {
		return nil
	}
	at := cmp.Or(documents[1].Start, documents[1].Body.GetToken()) // no start if the first has an end
	return fmt.Errorf("[%d:%d] a second document begins here: an experiment file has one", at.Position.Line, at.Position.Column)
}

// noRecipe returns an error if a text has the field recipe without a value.
func noRecipe(text []byte) (err error) {
	eachField(text, func(v *ast.MappingValueNode, depth int) {
		if _, null := v.Value.(*ast.NullNode); null && depth == 0 && v.Key.GetToken().Value == "recipe" {
			err = fmt.Errorf("%srecipe is empty: expected a recipe such as lock", before(Place(text, "recipe")))
		}
	})
	return err
}

// fraction returns an error if a field for whole numbers has a fraction, which the library drops
// silently.
func fraction(text []byte) error {
	var written map[string]any
	if yaml.Unmarshal(text, &written) != nil {
		return nil // only because of aliases; it was read before
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Experiment]()) {
		name := nameOf(f)
		if n, ok := written[name].(float64); ok && wanted(f.Type) == "a whole number" && n != math.Trunc(n) {
			return fmt.Errorf("%s%s is %v: expected a whole number", before(Place(text, name)), name, n)
		}
	}
	return nil
}

// The field names of an experiment file, and of its schedule.
var (
	fields           = names(reflect.TypeFor[Experiment]())
	fieldsOfSchedule = names(reflect.TypeFor[Scheduled]())
)

func names(t reflect.Type) []string {
	var of []string
	for f := range t.Fields() {
		if f.Anonymous { // its fields are inline
			of = append(of, names(f.Type)...)
			continue
		}
		if name := nameOf(f); name != "-" {
			of = append(of, name)
		}
	}
	return of
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}
