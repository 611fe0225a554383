package object

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/zklab/zklab/internal/base/nearest"
)

// This file reads YAML strictly: a key that is not known is an error, and errors say where the mistake is.

// parse returns the mapping that a text is. It recovers from panics of the library, which some texts cause.
func parse(text []byte) (root ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("invalid YAML: %v", p)
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n") // the following lines show the source
		return nil, errors.New(line)
	}
	const like = "expected an object's declaration, with keys such as object: ticket-seller"
	documents := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	switch {
	case len(documents) == 0:
		return nil, errors.New(like)
	case !isMapping(documents[0].Body):
		return nil, mistaken(documents[0].Body, like)
	case len(documents) > 1:
		at := cmp.Or(documents[1].Start, documents[1].Body.GetToken()) // no start if the first has an end
		return nil, fmt.Errorf("[%d:%d] a second document begins here: a file declares one object", at.Position.Line, at.Position.Column)
	}
	return documents[0].Body, nil
}

// mistaken returns an error about a node, which begins with the node's place.
func mistaken(n ast.Node, format string, args ...any) error {
	return fmt.Errorf(string(placeOf(n))+format, args...)
}

// placeOf returns the line and the column of a node.
func placeOf(n ast.Node) place {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place(fmt.Sprintf("[%d:%d] ", t.Position.Line, t.Position.Column))
	}
	return ""
}

func isMapping(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// pairsOf yields the keys and values of a mapping.
func pairsOf(n ast.Node) iter.Seq[*ast.MappingValueNode] {
	return func(yield func(*ast.MappingValueNode) bool) {
		switch n := n.(type) {
		case *ast.MappingValueNode:
			yield(n)
		case *ast.MappingNode:
			for _, pair := range n.Values {
				if !yield(pair) {
					return
				}
			}
		}
	}
}

// fields maps the keys that a mapping may have to the functions that read their values.
type fields map[string]func(ast.Node) error

// eachField reads the values of a mapping. what names it in errors.
func eachField(n ast.Node, what string, known fields) error {
	names := slices.Sorted(maps.Keys(known))
	if _, none := n.(*ast.NullNode); none {
		return nil
	}
	if !isMapping(n) {
		return mistaken(n, "expected the keys of %s: %s", what, strings.Join(names, ", "))
	}
	for pair := range pairsOf(n) {
		key := pair.Key.GetToken().Value
		read := known[key]
		if read == nil {
			return mistaken(pair.Key, "%.40q is no key of %s%sknown are %s", key, what, nearest.DidYouMean(key, names), strings.Join(names, ", "))
		}
		if err := read(pair.Value); err != nil {
			return err
		}
	}
	return nil
}

func textOfNode(n ast.Node) (string, error) {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value, nil
	}
	return "", mistaken(n, "expected a text")
}

func truthOf(n ast.Node) (bool, error) {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value, nil
	}
	return false, mistaken(n, "expected true or false")
}

// wholeOf returns a whole number between two bounds.
func wholeOf(n ast.Node, least, most int64) (int64, error) {
	var whole int64
	i, ok := n.(*ast.IntegerNode)
	if ok {
		switch v := i.Value.(type) {
		case int64:
			whole = v
		case uint64:
			whole = int64(min(v, math.MaxInt64))
		default:
			ok = false
		}
	}
	if !ok || whole < least || whole > most {
		return 0, mistaken(n, "expected a whole number from %d to %d", least, most)
	}
	return whole, nil
}

// valueOf returns any value, in the form of decoded JSON.
func valueOf(n ast.Node) (v any, err error) {
	if err := yaml.NodeToValue(n, &v); err != nil {
		return nil, mistaken(n, "expected a value: a text, a number, true, false, null, a list or a mapping")
	}
	return v, nil
}

func valuesOf(n ast.Node) (all []any, err error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		return nil, mistaken(n, "expected a list of values, such as [a, b]")
	}
	for _, one := range list.Values {
		v, err := valueOf(one)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
