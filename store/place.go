package store

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Place returns where the value of a field stands in the content of an experiment file, as errors name it:
// "[2:10]" is line 2, column 10. It returns "" if the content does not have the field or is no YAML.
func Place(text []byte, field string) string {
	return placeOf(text, func(v *ast.MappingValueNode, depth int) bool { return depth == 0 && v.Key.GetToken().Value == field })
}

// placeOf is where the value of the first field stands that is as wanted. The fields of the file itself
// have depth 0.
func placeOf(text []byte, wanted func(v *ast.MappingValueNode, depth int) bool) (place string) {
	defer func() { _ = recover() }() // some texts make the library panic
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return ""
	}
	for _, doc := range file.Docs {
		ast.Walk(visitor(func(node ast.Node) {
			v, ok := node.(*ast.MappingValueNode)
			if ok && place == "" && wanted(v, strings.Count(v.GetPath(), ".")-1) {
				at := v.Value.GetToken().Position
				place = fmt.Sprintf("[%d:%d]", at.Line, at.Column)
			}
		}), doc.Body)
	}
	return place
}

type visitor func(ast.Node)

func (f visitor) Visit(n ast.Node) ast.Visitor {
	f(n)
	return f
}
