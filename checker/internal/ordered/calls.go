package ordered

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/panics"
)

// calls are the calls of a key, for a search.
type calls struct {
	model      porcupine.Model
	ops        []*history.Operation
	operations []porcupine.Operation
	answered   int
	guess      guesses
	looked     int
}

// call is the input of an operation of the search.
type call struct {
	input, output any
	op            *history.Operation
	unknown       bool
	outputs       []any // that an unknown one may have
	guessed       bool  // there may be others
}

// calls reads the calls of a key. The error says what is wrong with the functions of the Spec.
func (s *Spec) calls(k *evidence.Key) (c *calls, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the functions that turn calls on %s into operations of the model panicked: %v%s", k.Name, v, panics.Place())
		}
	}()
	c = &calls{model: s.Model}
	seen := map[string][]any{}
	for _, op := range k.Ops {
		unknown := op.Outcome() == history.Info
		if op.Outcome() == history.Fail || unknown && s.ReadOnly != nil && s.ReadOnly(op) {
			continue
		}
		input, output, ok := s.Operation(op)
		if !ok {
			continue
		}
		in := &call{input: input, output: output, op: op, unknown: unknown}
		until := int64(linearize.Never)
		if !unknown {
			c.answered++
			until = int64(op.Return.Time)
			seen[op.F] = append(seen[op.F], output)
		}
		c.ops = append(c.ops, op)
		c.operations = append(c.operations, porcupine.Operation{ClientId: op.Client, Input: in, Output: output, Call: int64(op.Began()), Return: until})
	}
	for i := range c.operations {
		if in := c.operations[i].Input.(*call); in.unknown {
			in.outputs, in.guessed = s.outputs(in, seen[in.op.F])
		}
	}
	return c, nil
}

// mostSeen is how many different outputs of other calls are tried for one of unknown outcome.
const mostSeen = 8

// outputs returns the outputs that a call of unknown outcome may have; guessed if there can be others.
// seen are those of answered calls of the same name.
func (s *Spec) outputs(in *call, seen []any) (all []any, guessed bool) {
	if s.Outputs != nil {
		return s.Outputs(in.input), false
	}
	like := in.output
	if len(seen) > 0 {
		like = seen[0]
	}
	if like == nil {
		return []any{nil}, slices.ContainsFunc(seen, func(v any) bool { return v != nil })
	}
	if every, whole := values(reflect.TypeOf(like)); whole {
		return every, false
	}
	all = append(all, reflect.Zero(reflect.TypeOf(like)).Interface(), strange(reflect.TypeOf(like)).Interface())
	for _, v := range seen {
		if len(all) < mostSeen && !slices.ContainsFunc(all, func(o any) bool { return reflect.DeepEqual(o, v) }) {
			all = append(all, v)
		}
	}
	return all, true
}

// values returns all values of a type that has few.
func values(t reflect.Type) (all []any, whole bool) {
	switch t.Kind() {
	case reflect.Bool:
		return []any{reflect.ValueOf(false).Convert(t).Interface(), reflect.ValueOf(true).Convert(t).Interface()}, true
	case reflect.Struct:
		sets := []reflect.Value{reflect.New(t).Elem()}
		for i := range t.NumField() {
			of, whole := values(t.Field(i).Type)
			if !whole || !t.Field(i).IsExported() && len(of) > 1 || len(sets)*len(of) > 16 {
				return nil, false
			}
			if len(of) == 1 {
				continue
			}
			var more []reflect.Value
			for _, s := range sets {
				for _, v := range of {
					n := reflect.New(t).Elem()
					n.Set(s)
					n.Field(i).Set(reflect.ValueOf(v))
					more = append(more, n)
				}
			}
			sets = more
		}
		for _, s := range sets {
			all = append(all, s.Interface())
		}
		return all, true
	}
	return nil, false
}

// strange returns a value that no answer is likely to be.
func strange(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-77)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(177)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(-77.25)
	case reflect.String:
		v.SetString("\x00none")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v = reflect.MakeSlice(t, 0, 1)
		v = reflect.Append(v, strange(t.Elem()))
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				v.Field(i).Set(strange(t.Field(i).Type))
			}
		}
	}
	return v
}

// guesses notes which call of unknown outcome the model asked for its output although not all
// outputs that it may have are known.
type guesses struct {
	mattered atomic.Pointer[string]
}

// problem returns the calls as a problem. Its states are sets of the model's: a call of unknown
// outcome may lead to several. One that cannot have happened in a state leaves it as it is: it
// happened never, then. Since it ends never, an order can always place it last.
func (c *calls) problem() linearize.Problem {
	m := c.model
	step := m.StepContext
	if step == nil && m.Step != nil {
		step = func(_ context.Context, state, input, output any) (bool, any) { return m.Step(state, input, output) }
	}
	w := porcupine.Model{Partition: c.partition()}
	if m.Init != nil {
		w.Init = func() any { return []any{m.Init()} }
	}
	equal := m.Equal
	if equal == nil {
		equal = func(a, b any) bool { return a == b }
	}
	has := func(states []any, state any) bool {
		return slices.ContainsFunc(states, func(o any) bool { return equal(o, state) })
	}
	if step != nil {
		w.StepContext = func(ctx context.Context, state, input, _ any) (bool, any) {
			in := input.(*call)
			var after []any
			for _, s := range state.([]any) {
				for _, n := range c.after(ctx, step, equal, s, in) {
					if n == nil && s != nil {
						return true, nil // which ends the search with an error
					}
					if !has(after, n) {
						after = append(after, n)
					}
				}
			}
			return len(after) > 0, after
		}
	}
	w.Equal = func(a, b any) bool {
		x, y := a.([]any), b.([]any)
		return len(x) == len(y) && !slices.ContainsFunc(x, func(s any) bool { return !has(y, s) })
	}
	if m.Hash != nil {
		w.Hash = func(state any) (sum uint64) {
			for _, s := range state.([]any) {
				sum += m.Hash(s)
			}
			return sum
		}
	}
	w.DescribeOperation = func(input, _ any) string { return c.describe(porcupine.Operation{Input: input}) }
	w.DescribeState = c.states
	return linearize.Problem{
		Model: w, Operations: slices.Clone(c.operations),
		Optional: func(i int) bool { return c.operations[i].Input.(*call).unknown },
	}
}

// after returns the states after a call.
func (c *calls) after(ctx context.Context, step func(context.Context, any, any, any) (bool, any), equal func(a, b any) bool, state any, in *call) (next []any) {
	if !in.unknown {
		before := c.look(state)
		if ok, after := step(ctx, state, in.input, in.output); ok {
			next = append(next, after)
		}
		if before != c.look(state) {
			panic("it changed the state that it was given, and must return another one")
		}
		c.looked++
		return next
	}
	allowed := 0
	for _, output := range in.outputs {
		ok, after := c.try(ctx, step, state, in, output)
		if !ok {
			continue
		}
		allowed++
		if !slices.ContainsFunc(next, func(o any) bool { return equal(o, after) }) {
			next = append(next, after)
		}
	}
	if in.guessed && (allowed < len(in.outputs) || len(next) > 1) && c.guess.mattered.Load() == nil {
		text := fmt.Sprintf("the %s of client %d at %s", in.op.F, in.op.Client, in.op.Began())
		c.guess.mattered.Store(&text)
	}
	if len(next) == 0 {
		return []any{state}
	}
	return next
}

// mostLooks is how many steps are watched for changes of the state that they are given.
const mostLooks = 1000

// look describes a state, as long as that is worth it.
func (c *calls) look(state any) string {
	if c.looked >= mostLooks {
		return ""
	}
	return fmt.Sprintf("%#v", state)
}

// try makes a step with an output that the call may have had. A model need not expect those that are
// only guessed.
func (c *calls) try(ctx context.Context, step func(context.Context, any, any, any) (bool, any), state any, in *call, output any) (ok bool, next any) {
	if in.guessed {
		defer func() {
			if recover() != nil {
				ok, next = false, nil
			}
		}()
	}
	ok, next = step(ctx, state, in.input, output)
	return ok && (next != nil || state == nil), next
}

// partition returns the model's Partition for calls; nil if it has none.
func (c *calls) partition() func([]porcupine.Operation) [][]porcupine.Operation {
	if c.model.Partition == nil {
		return nil
	}
	return func(ops []porcupine.Operation) [][]porcupine.Operation {
		plain := slices.Clone(ops)
		back := map[any]any{} // by metadata, which each operation has of its own
		for i := range plain {
			in := plain[i].Input.(*call)
			back[plain[i].Metadata] = in
			plain[i].Input, plain[i].Output = in.input, in.output
		}
		parts := c.model.Partition(plain)
		for _, part := range parts {
			for i := range part {
				if in, known := back[part[i].Metadata]; known {
					part[i].Input = in
				}
			}
		}
		return parts
	}
}

// states describes the states in which the object may be, in the model's words.
func (c *calls) states(state any) string {
	describe := c.model.DescribeState
	if describe == nil {
		describe = func(s any) string { return fmt.Sprintf("%v", s) }
	}
	var texts []string
	for _, s := range state.([]any) {
		texts = append(texts, describe(s))
	}
	return strings.Join(texts, " or ")
}
