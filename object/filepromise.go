package object

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/subjects"
)

// anyOp is an operation of a file.
type anyOp = Op[subjects.Object, any, any]

// filedRule is a rule of a file.
type filedRule struct {
	Rule
	at place
}

func (f filedRule) where() place { return f.at }

// readPromise reads the rules of an object.
func (r *fileReader) readPromise(promise ast.Node) (rules []Rule, err error) {
	add := func(read func(ast.Node) (Rule, error)) func(ast.Node) error {
		return func(v ast.Node) error {
			rule, err := read(v)
			rules = append(rules, filedRule{rule, placeOf(v)})
			return err
		}
	}
	each := func(rule func(*anyOp) Rule) func(ast.Node) error {
		return r.eachNamed(func(at ast.Node, o *anyOp) { rules = append(rules, filedRule{rule(o), placeOf(at)}) })
	}
	err = eachField(promise, "a promise", fields{
		"exclusive": add(r.readExclusive),
		"queue":     add(r.readQueue),
		"owned":     add(r.readOwned),
		"fenced":    add(r.readFenced),
		"register":  add(r.readRegister),
		"counter":   add(r.readCounter),
		"distinct":  each(Distinct[subjects.Object, any, any]),
		"rising":    each(func(o *anyOp) Rule { return answers{name: "Rising", of: &o.operation, rule: declared.Rising} }),
	})
	if err == nil && len(rules) == 0 {
		err = mistaken(promise, "the object promises nothing: expected a rule, such as distinct: next")
	}
	return rules, err
}

// named returns the operation that a node names.
func (r *fileReader) named(v ast.Node, into **anyOp) error {
	name, err := textOfNode(v)
	if err != nil {
		return mistaken(v, "expected the name of an operation")
	}
	f := r.operations[name]
	if f == nil {
		return mistaken(v, "%.40q is no operation%sthe operations are %s", name, nearest.DidYouMean(name, r.order), strings.Join(r.order, ", "))
	}
	*into = f.op
	return nil
}

func (r *fileReader) into(op **anyOp) func(ast.Node) error {
	return func(v ast.Node) error { return r.named(v, op) }
}

// eachNamed reads the name of an operation, or a list of names.
func (r *fileReader) eachNamed(do func(ast.Node, *anyOp)) func(ast.Node) error {
	return func(v ast.Node) error {
		names := []ast.Node{v}
		if list, ok := v.(*ast.SequenceNode); ok {
			names = list.Values
		}
		for _, n := range names {
			var o *anyOp
			if err := r.named(n, &o); err != nil {
				return err
			}
			do(n, o)
		}
		return nil
	}
}

// twoOf returns an error unless a rule names two operations, and different ones.
func twoOf(v ast.Node, rule, one, other string, a, b *anyOp) error {
	switch {
	case a == nil || b == nil:
		return mistaken(v, "%s names two operations: expected {%s: …, %s: …}", rule, one, other)
	case a == b:
		return mistaken(v, "%s names two operations: %s and %s are the same", rule, one, other)
	}
	return nil
}

func (r *fileReader) readExclusive(v ast.Node) (Rule, error) {
	var begin, end *anyOp
	var nested bool
	var token string
	places := int64(1)
	err := eachField(v, "exclusive", fields{
		"begin": r.into(&begin), "end": r.into(&end),
		"nested":  func(v ast.Node) (err error) { nested, err = truthOf(v); return err },
		"token":   func(v ast.Node) (err error) { token, err = textOfNode(v); return err },
		"at-most": func(v ast.Node) (err error) { places, err = wholeOf(v, 1, 1000); return err },
	})
	if err != nil {
		return nil, err
	}
	if err := twoOf(v, "exclusive", "begin", "end", begin, end); err != nil {
		return nil, err
	}
	h := Exclusive(begin, end).AtMost(int(places))
	if nested {
		h.Nested()
	}
	if token != "" {
		h.Token(func(answer any) int64 { return tokenOf(answer, token) })
	}
	return h, nil
}

// tokenOf returns the fencing token in a field of an answer, a number or hexadecimal digits after 0x; 0 if there
// is none.
func tokenOf(answer any, field string) int64 {
	of, _ := answer.(map[string]any)
	switch t := of[field].(type) {
	case float64:
		return int64(t)
	case json.Number: // a large one
		n, _ := t.Int64()
		return n
	case string:
		n, _ := strconv.ParseUint(strings.TrimPrefix(t, "0x"), 16, 64)
		return int64(n)
	}
	return 0
}

func (r *fileReader) readQueue(v ast.Node) (Rule, error) {
	var put, take *anyOp
	var unordered bool
	err := eachField(v, "queue", fields{
		"put": r.into(&put), "take": r.into(&take),
		"unordered": func(v ast.Node) (err error) { unordered, err = truthOf(v); return err },
	})
	if err != nil {
		return nil, err
	}
	if err := twoOf(v, "queue", "put", "take", put, take); err != nil {
		return nil, err
	}
	if !r.operations[put.name].argument {
		return nil, mistaken(v, "operation %q puts its argument in, but has none: add argument: unique", put.name)
	}
	q := Queue(put, take)
	if unordered {
		q.Unordered()
	}
	return q, nil
}

func (r *fileReader) readOwned(v ast.Node) (Rule, error) {
	var claim, until *anyOp
	if !isMapping(v) {
		err := r.named(v, &claim)
		return Owned(claim), err
	}
	err := eachField(v, "owned", fields{"claim": r.into(&claim), "until": r.into(&until)})
	if err != nil {
		return nil, err
	}
	if err := twoOf(v, "owned", "claim", "until", claim, until); err != nil {
		return nil, err
	}
	return Owned(claim).Until(until), nil
}

// readFenced reads which operation is guarded by a token: its argument, or a field of that.
func (r *fileReader) readFenced(v ast.Node) (Rule, error) {
	var write *anyOp
	var token string
	if !isMapping(v) {
		if err := r.named(v, &write); err != nil {
			return nil, err
		}
	} else if err := eachField(v, "fenced", fields{
		"write": r.into(&write),
		"token": func(v ast.Node) (err error) { token, err = textOfNode(v); return err },
	}); err != nil {
		return nil, err
	}
	switch {
	case write == nil:
		return nil, mistaken(v, "fenced names no operation: expected {write: …, token: …}")
	case !r.operations[write.name].argument:
		return nil, mistaken(v, "operation %q has no argument with a token: add argument: unique", write.name)
	}
	return Fenced(write, func(argument any) int64 {
		if token == "" {
			return tokenOf(map[string]any{token: argument}, token)
		}
		return tokenOf(argument, token)
	}), nil
}

// readRegister reads the model of a register: a read answers what the last write wrote.
func (r *fileReader) readRegister(v ast.Node) (Rule, error) {
	var read, write *anyOp
	var initial any
	err := eachField(v, "register", fields{
		"read": r.into(&read), "write": r.into(&write),
		"initial": func(v ast.Node) (err error) { initial, err = decodedOf(v); return err },
	})
	if err != nil {
		return nil, err
	}
	if err := twoOf(v, "register", "read", "write", read, write); err != nil {
		return nil, err
	}
	if !r.operations[write.name].argument {
		return nil, mistaken(v, "operation %q writes its argument, but has none: add argument: unique", write.name)
	}
	read.ReadOnly()
	return Sequential(initial, others(r, []*anyOp{read, write},
		Runs(read, func(value any, _ any) (any, any, error) { return value, value, nil }),
		Allows(write, func(_ any, written, _ any) (any, error) { return written, nil }, func(_, written any) []any { return []any{written} }),
	)...), nil
}

// readCounter reads the model of a counter. The counter's add adds the argument, or 1 if there is none,
// and may return the sum.
func (r *fileReader) readCounter(v ast.Node) (Rule, error) {
	var read, add *anyOp
	err := eachField(v, "counter", fields{"read": r.into(&read), "add": r.into(&add)})
	if err != nil {
		return nil, err
	}
	if err := twoOf(v, "counter", "add", "read", add, read); err != nil {
		return nil, err
	}
	argument := r.operations[add.name].argument
	sum := func(n float64, by any) float64 {
		if !argument {
			return n + 1
		}
		number, _ := by.(float64)
		return n + number
	}
	read.ReadOnly()
	return Sequential(0.0, others(r, []*anyOp{read, add},
		Runs(read, func(n float64, _ any) (float64, any, error) { return n, n, nil }),
		Allows(add, func(n float64, by, got any) (float64, error) {
			if after := sum(n, by); got == nil || got == after {
				return after, nil
			}
			return n, fmt.Errorf("%s answered %v, but only %v is right then", add.name, got, sum(n, by))
		}, func(n float64, by any) []float64 { return []float64{sum(n, by)} }),
	)...), nil
}

// others adds steps which say that a model leaves the other operations out.
func others[St any](r *fileReader, of []*anyOp, steps ...Step[St]) []Step[St] {
	for _, name := range r.order {
		if o := r.operations[name].op; !slices.Contains(of, o) {
			steps = append(steps, Ignores[St](o))
		}
	}
	return steps
}

// decodedOf returns a value in the form in which it comes back after it was written as
// JSON and read.
func decodedOf(n ast.Node) (v any, err error) {
	if v, err = valueOf(n); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, mistaken(n, "the value cannot be written as JSON: %v", err)
	}
	return v, decode(raw, &v)
}
