package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

const (
	module = "github.com/zklab/zklab"
	root   = "../.."
)

// Packages use the traits of operations; only the packages of the objects themselves name
// an operation.
func TestOperationsUnnamed(t *testing.T) {
	packages := programs(t, "cmd/zklab", ".", "object")
	for _, sure := range []string{"history/holds", "checker/internal/traits", "explain", "stats", "reports", "internal/lab/engine"} {
		if packages[sure] == nil {
			t.Fatalf("%s is none of the packages of the programs", sure)
		}
	}
	for folder, p := range packages {
		if ofObjects(folder, p) {
			continue
		}
		for name, file := range p.files {
			for _, at := range named(file) {
				t.Errorf("%s:%d names %s: ask for a trait of the operation (models.Operation) instead", path.Join(folder, name), p.line(at), at.what)
			}
		}
	}
}

// The rule finds names however they are written.
func TestOperationsNamed(t *testing.T) {
	for _, tt := range []struct {
		body string
		want []string
	}{
		{`_ = m.FAcquire`, []string{"models.FAcquire"}},
		{`_ = op.F == "acquire"`, []string{`"acquire"`}},
		{`_ = "acquire" != op.F`, []string{`"acquire"`}},
		{`_ = slices.Contains([]string{"acquire"}, op.F)`, []string{`"acquire"`}},
		{`switch op.F { case "x", "dequeue": }`, []string{`"dequeue"`}},
		{`_ = op.F == "no operation of any object"`, nil},
		{`_ = what == "acquire"`, nil},
		{`_ = m.Of(h); _ = history.FFinal`, nil},
	} {
		file := must.Get(parser.ParseFile(token.NewFileSet(), "f.go", `package p; import m "`+module+`/history/models"; func f() { `+tt.body+` }`, 0))(t)
		var got []string
		for _, at := range named(file) {
			got = append(got, at.what)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
		}
	}
}

// ofObjects reports whether a package belongs to the objects: it declares models, contracts, loads,
// or a frame.Model with the properties of some objects. A package that reads histories of other
// tools also counts, since it knows their names.
func ofObjects(folder string, p *pkg) bool {
	for _, layer := range []string{"history/models", "internal/contracts", "subjects", "workloads"} {
		if folder == layer || strings.HasPrefix(folder, layer+"/") {
			return true
		}
	}
	return p.declaresModel() || slices.Contains(p.imports, "history/foreign")
}

// pkg is a package without its tests.
type pkg struct {
	set     *token.FileSet
	files   map[string]*ast.File // by name
	imports []string             // the folders of this module that it imports
}

func (p *pkg) line(at naming) int { return p.set.Position(at.pos).Line }

// declaresModel reports whether the package declares a variable that is a frame.Model.
func (p *pkg) declaresModel() bool {
	for _, file := range p.files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, v := range spec.(*ast.ValueSpec).Values {
					if lit, ok := v.(*ast.CompositeLit); ok && isSelector(lit.Type, "frame", "Model") {
						return true
					}
				}
			}
		}
	}
	return false
}

// programs returns the packages of this module that the programs in the folders are
// built of, by folder.
func programs(t *testing.T, folders ...string) map[string]*pkg {
	t.Helper()
	all := map[string]*pkg{}
	for len(folders) > 0 {
		folder := folders[0]
		if folders = folders[1:]; all[folder] != nil {
			continue
		}
		all[folder] = parse(t, folder)
		folders = append(folders, all[folder].imports...)
	}
	return all
}

func parse(t *testing.T, folder string) *pkg {
	t.Helper()
	p := &pkg{set: token.NewFileSet(), files: map[string]*ast.File{}}
	entries := must.Get(os.ReadDir(filepath.Join(root, folder)))(t)
	isProduct := func(e fs.DirEntry) bool {
		return strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go")
	}
	for _, e := range entries {
		if !isProduct(e) {
			continue
		}
		file := must.Get(parser.ParseFile(p.set, filepath.Join(root, folder, e.Name()), nil, 0))(t)
		p.files[e.Name()] = file
		for _, imported := range file.Imports {
			if in, ours := strings.CutPrefix(text(imported.Path), module+"/"); ours {
				p.imports = append(p.imports, in)
			}
		}
	}
	return p
}

// naming is a place that names an operation.
type naming struct {
	pos  token.Pos
	what string
}

// constant matches the constants of package models that name operations.
var constant = regexp.MustCompile(`^F[A-Z]`)

// named returns the places of a file that name a constant of an operation, or compare an F with the
// text of one.
func named(file *ast.File) (all []naming) {
	declarations := ""
	for _, i := range file.Imports {
		if text(i.Path) == module+"/history/models" {
			declarations = "models"
			if i.Name != nil {
				declarations = i.Name.Name
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if in, ok := n.X.(*ast.Ident); ok && in.Name == declarations && constant.MatchString(n.Sel.Name) {
				all = append(all, naming{n.Pos(), "models." + n.Sel.Name})
			}
		case *ast.BinaryExpr:
			if isF(n.X) || isF(n.Y) {
				all = append(all, literals(n.X, n.Y)...)
			}
		case *ast.SwitchStmt:
			if n.Tag != nil && isF(n.Tag) {
				for _, clause := range n.Body.List {
					all = append(all, literals(clause.(*ast.CaseClause).List...)...)
				}
			}
		case *ast.CallExpr:
			if slices.ContainsFunc(n.Args, isF) {
				all = append(all, literals(n.Args...)...)
			}
		}
		return true
	})
	return all
}

// isF reports whether an expression is the name of an operation: op.F, or st.f.
func isF(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && strings.EqualFold(s.Sel.Name, "f")
}

// literals returns the texts that name operations, even those in lists.
func literals(all ...ast.Expr) (found []naming) {
	for _, e := range all {
		switch e := e.(type) {
		case *ast.CompositeLit:
			found = append(found, literals(e.Elts...)...)
		case *ast.BasicLit:
			if e.Kind == token.STRING && isOperation(text(e)) {
				found = append(found, naming{e.Pos(), e.Value})
			}
		}
	}
	return found
}

func isOperation(f string) bool {
	return slices.ContainsFunc(models.All(), func(m *models.Model) bool {
		return slices.ContainsFunc(m.Operations, func(o models.Operation) bool { return o.F == f })
	})
}

func isSelector(e ast.Expr, of, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	in, ok := s.X.(*ast.Ident)
	return ok && in.Name == of && s.Sel.Name == name
}

func text(literal *ast.BasicLit) string {
	s, _ := strconv.Unquote(literal.Value)
	return s
}
