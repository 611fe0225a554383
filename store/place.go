package store

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Place returns the place of a field's value in the content of an experiment file, in the form of error
// messages: "[2:10]" is line 2, column 10. It returns "" if the content does not have the field or is not
// YAML.
func Place(text []byte, field string) string {
	return placeOf(text, func(v *ast.MappingValueNode, depth int) bool { return depth == 0 && v.Key.GetToken().Value == field })
}

// placeOf returns the place of the value of the first field for which wanted returns true, or "".
func placeOf(text []byte, wanted func(v *ast.MappingValueNode, depth int) bool) (place string) {
	eachField(text, func(v *ast.MappingValueNode, depth int) {
		if place == "" && wanted(v, depth) {
			at := v.Value.GetToken().Position
			place = fmt.Sprintf("[%d:%d]", at.Line, at.Column)
		}
	})
	return place
}

// eachField calls f for each field of a text, in their order. The fields of the file itself have depth 0. If
// the text is not YAML, it does not call f.
func eachField(text []byte, f func(v *ast.MappingValueNode, depth int)) {
	defer func() { _ = recover() }() // some texts make the library panic
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return
	}
	for _, doc := range file.Docs {
		ast.Walk(visitor(func(node ast.Node) {
			if v, ok := node.(*ast.MappingValueNode); ok {
				f(v, strings.Count(v.GetPath(), ".")-1)
			}
		}), doc.Body)
	}
}

type visitor func(ast.Node)

func (f visitor) Visit(n ast.Node) ast.Visitor {
	f(n)
	return f
}
