// Package schemas makes the JSON Schemas of zklab's files, which are in the folder schemas, from the Go types
// that read and write these files, with their comments as descriptions:
//
//	go run ./internal/dev schemas
//
// Only this package knows the library that does it, so that zklab itself does not carry the library.
package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"github.com/spf13/cobra"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/store"
)

// Command is "dev schemas".
func Command() *cobra.Command {
	return &cobra.Command{
		Use: "schemas", Short: "Make the JSON Schemas in the folder schemas", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := All(".")
			if err != nil {
				return err
			}
			for name, text := range all {
				if err := os.WriteFile(filepath.Join("schemas", name), text, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// All returns the schemas by their file names. root is the folder of this repository's main module.
func All(root string) (map[string][]byte, error) {
	all := map[string][]byte{}
	for name, make := range map[string]func(comments map[string]string) *jsonschema.Schema{
		"experiment.schema.json": experiment, "result.schema.json": result,
	} {
		comments, err := commentsIn(root)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(make(comments)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = b.Bytes()
	}
	return all, nil
}

const module = "github.com/zklab/zklab"

// commentsIn returns the comments on the types that zklab's files contain, by the names of types and fields.
func commentsIn(root string) (map[string]string, error) {
	var r jsonschema.Reflector
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	defer os.Chdir(here)
	if err := os.Chdir(root); err != nil { // the library turns relative paths into import paths
		return nil, err
	}
	for _, dir := range []string{"store", "settings", "ensemble", "checker", "stats", "history"} {
		if err := r.AddGoComments(module, dir, jsonschema.WithFullComment()); err != nil {
			return nil, err
		}
	}
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
	}
	return r.CommentMap, nil
}

// experiment is strict, as zklab is: an unknown field is a mistake. Whatever is left out has a default.
func experiment(comments map[string]string) *jsonschema.Schema {
	r := &jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Anonymous: true, CommentMap: comments,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case reflect.TypeFor[time.Duration]():
				return &jsonschema.Schema{Type: "string", Pattern: `^[-+]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`, Examples: []any{"500ms", "10s", "1m30s"}}
			case reflect.TypeFor[store.Faults]():
				return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}}
			}
			return nil
		},
	}
	s := r.Reflect(store.Experiment{})
	s.Title = "experiment.yaml of zklab"
	property := func(name string) *jsonschema.Schema {
		p, ok := s.Properties.Get(name)
		if !ok {
			panic("no field " + name) // of store.Experiment
		}
		return p
	}
	usual := settings.Usual()
	for _, k := range settings.Knobs {
		p := property(k.Name())
		p.Description = k.Usage()
		if value := reflect.ValueOf(k.Field(&usual)).Elem(); !value.IsZero() {
			p.Default = value.Interface()
			if d, ok := p.Default.(time.Duration); ok {
				p.Default = d.String()
			}
		}
	}
	for _, value := range []string{store.Goroutine, store.Process} {
		property("clients-as").Enum = append(property("clients-as").Enum, value)
	}
	return s
}

// result allows unknown fields, since later versions may add some (docs/stability.md).
func result(comments map[string]string) *jsonschema.Schema {
	r := &jsonschema.Reflector{
		AllowAdditionalProperties: true, ExpandedStruct: true, Anonymous: true, CommentMap: comments,
		Namer: func(t reflect.Type) string { // names alone are not unique
			if t.Name() == "" {
				return ""
			}
			return path.Base(t.PkgPath()) + "." + t.Name()
		},
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case reflect.TypeFor[time.Duration]():
				return &jsonschema.Schema{Type: "integer", Description: "in nanoseconds"}
			case reflect.TypeFor[history.ID]():
				return &jsonschema.Schema{Type: "string", Pattern: "^0x[0-9a-f]+$"}
			case reflect.TypeFor[measured.Times]():
				return times()
			}
			return nil
		},
	}
	s := r.Reflect(store.Result{})
	s.Title = "result.json of zklab"
	nullable(s)
	for _, d := range s.Definitions {
		nullable(d)
	}
	return s
}

// nullable allows null in place of a list that is never left out: encoding/json writes a nil list as null.
func nullable(s *jsonschema.Schema) {
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		if p.Value.Type == "array" && slices.Contains(s.Required, p.Key) {
			list := *p.Value
			list.Description = ""
			p.Value = &jsonschema.Schema{Description: p.Value.Description, OneOf: []*jsonschema.Schema{&list, {Type: "null"}}}
		}
	}
}

// times describes the JSON of measured.Times.
func times() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Description: "rising times, in microseconds, and how often each was measured; once each if that is left out"}
	for _, name := range []string{"us", "n", "at_least_us", "at_least_n"} {
		s.Properties.Set(name, &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "integer"}})
	}
	return s
}
