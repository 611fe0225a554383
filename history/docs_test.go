package history_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

// docs/history.md and the pages of the recipes name every operation in a row of its model,
// every name of the format, and the fields of each value in one row (those of an event have a
// row each).
func TestDocumented(t *testing.T) {
	page := documentation(t)
	rows := strings.Split(page, "\n")
	for _, m := range models.All() {
		for _, o := range m.Operations {
			if !hasOperation(rows, m.Name, o.F) {
				t.Errorf("operation %s of model %s is in no row of the table", o.F, m.Name)
			}
		}
	}
	files := must.Get(filepath.Glob("models/*.go"))(t)
	for _, file := range append(files, "event.go", "treewatch.go", "values.go", "wire.go") {
		parsed := must.Get(parser.ParseFile(token.NewFileSet(), file, nil, 0))(t)
		for where, names := range namesOf(parsed) {
			if !hasTogether(rows, names) && (where != "Event" || !hasEach(page, names)) {
				t.Errorf("%s: no line names %s, of %s", file, strings.Join(names, ", "), where)
			}
		}
	}
}

func documentation(t *testing.T) (all string) {
	t.Helper()
	recipes, err := filepath.Glob("../docs/recipes/*.md")
	if err != nil || len(recipes) == 0 {
		t.Fatal(recipes, err)
	}
	for _, path := range append(recipes, "../docs/history.md") {
		page := must.Get(os.ReadFile(path))(t)
		all += string(page)
	}
	return all
}

// hasOperation looks for a row of a model, or one below it without a model, that
// begins with the operation.
func hasOperation(rows []string, model, f string) bool {
	of := ""
	for _, row := range rows {
		cells := strings.Split(row, "|")
		if len(cells) != 6 { // not a row of that table
			of = ""
			continue
		}
		if strings.TrimSpace(cells[1]) != "" {
			of = cells[1]
		}
		if strings.Contains(of, code(model)) && strings.Contains(cells[2], code(f)) {
			return true
		}
	}
	return false
}

// namesOf returns the fields of each type of the format, by type, and each constant
// that is written into a file, by its name.
func namesOf(file *ast.File) map[string][]string {
	of := map[string][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return false
		case *ast.TypeSpec:
			s, ok := n.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range s.Fields.List {
				if field.Tag == nil {
					continue
				}
				tag, _ := strconv.Unquote(field.Tag.Value)
				name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
				if name != "-" { // the field is in the file
					of[n.Name.Name] = append(of[n.Name.Name], name)
				}
			}
		case *ast.ValueSpec:
			for i, v := range n.Values {
				if s, ok := v.(*ast.BasicLit); ok && s.Kind == token.STRING && ast.IsExported(n.Names[i].Name) {
					name, _ := strconv.Unquote(s.Value)
					of[n.Names[i].Name] = []string{name}
				}
			}
		}
		return true
	})
	return of
}

func hasTogether(rows, names []string) bool {
	for _, row := range rows {
		if hasEach(row, names) {
			return true
		}
	}
	return false
}

func hasEach(text string, names []string) bool {
	for _, name := range names {
		if !strings.Contains(text, code(name)) {
			return false
		}
	}
	return true
}

func code(name string) string { return "`" + name + "`" }
