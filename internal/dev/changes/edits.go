package changes

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// edit replaces a text of a file by another one.
type edit struct {
	File     string // below the module's folder
	Line     int
	At       int // the offset of From
	From, To string
}

func (e edit) String() string { return fmt.Sprintf("%s:%d: %.60q -> %q", e.File, e.Line, e.From, e.To) }

// overlay writes the changed file, and a file for the flag -overlay of the go command, into a folder.
func (e edit) overlay(dir string) (string, error) {
	text, err := os.ReadFile(e.File)
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(e.File)
	if err != nil {
		return "", err
	}
	changed, file := filepath.Join(dir, filepath.Base(e.File)), filepath.Join(dir, "overlay.json")
	whole := string(text[:e.At]) + e.To + string(text[e.At+len(e.From):])
	if err := os.WriteFile(changed, []byte(whole), 0o644); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, replace, 0o644)
}

// sitesIn returns all changes of the code in folders and below them. Tests, and files with build constraints, are left
// out.
func sitesIn(folders []string) (all []edit, err error) {
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil || strings.Contains(string(text), "\n//go:build ") || strings.HasPrefix(string(text), "//go:build ") {
				return err
			}
			edits, err := sitesOf(path, text)
			all = append(all, edits...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// opposite has what takes the place of an operator.
var opposite = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.MUL: "+",
}

// sitesOf returns the changes of a file: another operator, another number or bool, the other branch, or a statement less.
func sitesOf(path string, text []byte) (all []edit, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, 0)
	if err != nil {
		return nil, err
	}
	replace := func(from, to token.Pos, by string) {
		at := set.Position(from)
		all = append(all, edit{path, at.Line, at.Offset, string(text[at.Offset:set.Position(to).Offset]), by})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field:
			return false
		case *ast.BinaryExpr:
			if by := opposite[n.Op]; by != "" {
				replace(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), by)
			}
		case *ast.BasicLit:
			if number, err := strconv.Atoi(n.Value); n.Kind == token.INT && err == nil {
				replace(n.Pos(), n.End(), strconv.Itoa(number+1))
			}
		case *ast.Ident:
			if by := map[string]string{"true": "false", "false": "true"}[n.Name]; by != "" {
				replace(n.Pos(), n.End(), by)
			}
		case *ast.IfStmt:
			replace(n.Cond.Pos(), n.Cond.End(), "!("+string(text[set.Position(n.Cond.Pos()).Offset:set.Position(n.Cond.End()).Offset])+")")
		case *ast.BranchStmt, *ast.ExprStmt, *ast.IncDecStmt:
			replace(n.Pos(), n.End(), "{}")
		case *ast.AssignStmt:
			if n.Tok == token.ASSIGN || n.Tok == token.ADD_ASSIGN {
				replace(n.Pos(), n.End(), "{}")
			}
		}
		return true
	})
	return all, nil
}
