package scaffold

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"text/template"

	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

//go:embed gotest.go.tmpl
var goTestTemplate string

// GoTest returns a test of a recipe for the Go package with the given name. It returns an error if there is
// no such recipe, or if the recipe takes no implementation. adds lists the commands that add zklab to the
// module of the package.
func GoTest(recipe, pkg string, adds []string) (File, error) {
	w, err := specimens.Named(recipe, workloads.Own)
	if err != nil {
		return File{}, err
	}
	maker, ok := reflect.TypeOf(w).FieldByName("New")
	if !ok {
		return File{}, fmt.Errorf("%s tests ZooKeeper itself, not an implementation of yours: use zklab run %s", recipe, recipe)
	}
	t, err := template.New("gotest").Parse(goTestTemplate)
	if err != nil {
		return File{}, err
	}
	v, name := reflect.ValueOf(w), reflect.TypeOf(w).Name()
	own := path.Base(runtime.FuncForPC(v.FieldByIndex(maker.Index).Pointer()).Name()) // such as subjects.NewLock
	params, args := parameters(maker.Type)
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]string{
		"Package": pkg, "Name": name, "Recipe": recipe, "Own": own, "Parameters": params, "Arguments": args,
		"Contract": maker.Type.Out(0).String(), "Workload": literal(v.Type(), maker.Index, "new"+name),
	}); err != nil {
		return File{}, err
	}
	text, err := format.Source(b.Bytes())
	file := strings.ReplaceAll(recipe, "-", "") + "_test.go"
	return File{
		Name: file, Text: text,
		Next: slices.Concat(
			[]string{"Put your implementation into new" + name + ", add zklab to your module, and run the test:"},
			adds, []string{"go test -run Test" + name + " -v ."},
		),
	}, err
}

// parameters returns the parameters of a constructor: as they are declared, with types, and as they are
// passed on.
func parameters(t reflect.Type) (declared, passed string) {
	var with, without []string
	for i := range t.NumIn() {
		name := []string{"c", "path", ""}[min(i, 2)]
		if name == "" {
			name = map[reflect.Kind]string{reflect.Int: "n", reflect.String: "name", reflect.Slice: "names"}[t.In(i).Kind()]
		}
		with, without = append(with, name+" "+t.In(i).String()), append(without, name)
	}
	return strings.Join(with, ", "), strings.Join(without, ", ")
}

// literal returns the Go source of a workload that has the constructor in the field with the given
// index.
func literal(t reflect.Type, index []int, constructor string) string {
	field := t.Field(index[0])
	if len(index) > 1 {
		constructor = literal(field.Type, index[1:], constructor)
	}
	return fmt.Sprintf("%s{%s: %s}", t, field.Name, constructor)
}
