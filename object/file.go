package object

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Declaration returns the declaration by which histories that begin with a header are judged: the
// declaration in the text that they contain, or otherwise the one that known has for their model. It
// returns nil if there is none; known may be nil. The Err of the declaration says what is wrong with a
// text.
func Declaration(h history.Header, known func(model string) models.Declared) models.Declared {
	switch {
	case h.Object != "":
		o, err := Parse([]byte(h.Object))
		if err != nil {
			return declared.Unread(h.Model, h.Object, err)
		}
		return workloads.DeclaredBy(o.Workload())
	case known != nil:
		return known(h.Model)
	}
	return nil
}

// Parse returns the object that the text of a YAML file declares (docs/declared-objects.md). Another program serves its
// subjects over the adapter protocol: Command of the experiment. Histories have the text, so any zklab can decide
// them. The error is one line, with the line and the column of the mistake where there is one.
func Parse(text []byte) (o Object[subjects.Object], err error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // which editors on Windows put first
	root, err := parse(text)
	if err != nil {
		return o, err
	}
	o.text, o.at = string(text), "[1:1] "
	o.New = func(*subjects.Client, string) (subjects.Object, error) {
		return nil, fmt.Errorf("object %q is served by a program: name it (--subject-command, or Command of the experiment)", o.Name)
	}
	r := &fileReader{operations: map[string]*filed{}}
	var promise *ast.MappingValueNode
	err = eachField(root, "an object", fields{
		"object":      func(v ast.Node) (err error) { o.at = placeOf(v); o.Name, err = textOfNode(v); return err },
		"about":       func(v ast.Node) (err error) { o.About, err = textOfNode(v); return err },
		"one-session": func(v ast.Node) (err error) { o.OneSession, err = truthOf(v); return err },
		"operations":  r.readOperations,
		"promise":     func(ast.Node) error { return nil },
	})
	if err != nil {
		return o, err
	}
	for pair := range pairsOf(root) {
		if pair.Key.GetToken().Value == "promise" {
			promise = pair // after the operations, which it names
		}
	}
	if promise == nil {
		return o, errors.New("the object promises nothing: add the key promise, such as promise: {distinct: next}")
	}
	if o.Rules, err = r.readPromise(promise.Value); err != nil {
		return o, err
	}
	for _, name := range r.order {
		o.Operations = append(o.Operations, r.operations[name].op)
	}
	return o, workloads.DeclaredBy(o.Workload()).Err()
}

// filed is an operation of a file. Its arguments and answers are any JSON.
type filed struct {
	op       *Op[subjects.Object, any, any]
	argument bool
}

type fileReader struct {
	operations map[string]*filed
	order      []string
	sources    []ast.Node // the names of operations whose answers are drawn
}

func (r *fileReader) readOperations(all ast.Node) error {
	if !isMapping(all) {
		return mistaken(all, "expected the operations by their names, such as next: {weight: 9}")
	}
	for pair := range pairsOf(all) {
		name := pair.Key.GetToken().Value
		f, err := r.readOperation(name, placeOf(pair.Key), pair.Value)
		if err != nil {
			return err
		}
		r.operations[name], r.order = f, append(r.order, name)
	}
	for _, source := range r.sources {
		var o *anyOp
		if err := r.named(source, &o); err != nil {
			return err
		}
	}
	return nil
}

func (r *fileReader) readOperation(name string, at place, declared ast.Node) (*filed, error) {
	var draw func(*Draw) any
	f := &filed{}
	var flags []func(*Op[subjects.Object, any, any])
	flag := func(set func(*Op[subjects.Object, any, any]) *Op[subjects.Object, any, any]) func(ast.Node) error {
		return func(v ast.Node) error {
			is, err := truthOf(v)
			if is {
				flags = append(flags, func(o *Op[subjects.Object, any, any]) { set(o) })
			}
			return err
		}
	}
	err := eachField(declared, "an operation", fields{
		"weight": func(v ast.Node) error {
			n, err := wholeOf(v, 0, mostWeight)
			flags = append(flags, func(o *Op[subjects.Object, any, any]) { o.Weight(int(n)) })
			return err
		},
		"argument":  func(v ast.Node) (err error) { f.argument = true; draw, err = r.readArgument(v); return err },
		"read-only": flag((*Op[subjects.Object, any, any]).ReadOnly),
		"final":     flag((*Op[subjects.Object, any, any]).Final),
		"plain":     flag((*Op[subjects.Object, any, any]).Plain),
		"cached":    flag((*Op[subjects.Object, any, any]).Cached),
		"waits":     flag((*Op[subjects.Object, any, any]).Waits),
		"unbounded": flag((*Op[subjects.Object, any, any]).Unbounded),
	})
	if err != nil {
		return nil, err
	}
	call := func(s subjects.Object, ctx context.Context, argument any) (any, error) {
		var raw json.RawMessage
		var answer any
		err := s.Call(ctx, name, argument, &raw)
		if err == nil && len(raw) > 0 {
			err = decode(raw, &answer)
		}
		return answer, err
	}
	if draw == nil {
		draw = func(*Draw) any { return nil }
	}
	f.op = Call(name, call, draw)
	f.op.at = at
	if !f.argument {
		f.op.load.Argument = func(*Draw) (json.RawMessage, error) { return nil, nil }
	}
	for _, set := range flags {
		set(f.op)
	}
	return f, nil
}

// readArgument reads what an argument is drawn from: unique, {from: 1, to: 10}, {any: [a, b]}, {fields: {…}} or {answer-of: claim}.
func (r *fileReader) readArgument(v ast.Node) (draw func(*Draw) any, err error) {
	if !isMapping(v) {
		if text, err := textOfNode(v); err != nil || text != "unique" {
			return nil, mistaken(v, "expected unique, {from: 1, to: 10}, {any: [a, b]}, {fields: {name: …}} or {answer-of: claim}")
		}
		return func(d *Draw) any { return d.Unique() }, nil
	}
	const most = 1 << 53 // numbers of JSON are exact up to this one
	from, to := int64(0), int64(-1)
	err = eachField(v, "an argument", fields{
		"from": func(v ast.Node) (err error) { from, err = wholeOf(v, -most, most); return err },
		"to":   func(v ast.Node) (err error) { to, err = wholeOf(v, -most, most); return err },
		"any": func(v ast.Node) error {
			values, err := valuesOf(v)
			draw = Any(values...)
			return err
		},
		"answer-of": func(v ast.Node) error {
			name, err := textOfNode(v)
			r.sources = append(r.sources, v)
			draw = From(&anyOp{operation: operation{name: name}})
			return err
		},
		"fields": func(v ast.Node) (err error) { draw, err = r.readFields(v); return err },
	})
	switch {
	case err != nil:
		return nil, err
	case draw == nil && from > to:
		return nil, mistaken(v, "expected from and to, with from not above to")
	case draw == nil:
		return func(d *Draw) any { return from + d.Int64N(to-from+1) }, nil
	case to != -1 || from != 0:
		return nil, mistaken(v, "expected either from and to, or any, or fields, or answer-of")
	}
	return draw, nil
}

// readFields reads an argument that is an object, each of its fields drawn by itself.
func (r *fileReader) readFields(v ast.Node) (func(*Draw) any, error) {
	if !isMapping(v) {
		return nil, mistaken(v, "expected the fields by their names")
	}
	var names []string
	var draws []func(*Draw) any
	for pair := range pairsOf(v) {
		draw, err := r.readArgument(pair.Value)
		if err != nil {
			return nil, err
		}
		names, draws = append(names, pair.Key.GetToken().Value), append(draws, draw)
	}
	return func(d *Draw) any {
		drawn := map[string]any{}
		for i, name := range names {
			drawn[name] = draws[i](d)
		}
		return drawn
	}, nil
}
