package object

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/workloads"
)

// None is the argument of an operation without arguments, and the answer of an operation without
// an answer.
type None struct{}

// Draw gives arguments what they are drawn from: random numbers, which follow from the seed, and what
// the client knows. It is a *rand.Rand with the fields Client (an int, the client that is about to
// call, from 0), Key (a string, the object that it calls) and Held (an int, the number of stays of this
// client at this object that it has not ended), and the method Unique (a positive number that no other
// call of the run gets).
type Draw = workloads.Draw

// Operation is an operation of the subject S: an [Op].
type Operation[S any] interface {
	declared() *operation
	of(S)
}

// operation is an operation without its types: the load's, with what rules and stories need.
type operation struct {
	at        place
	name      string
	load      workloads.MixedOperation
	reads     bool
	plain     bool
	waits     bool
	unbounded bool
	refusals  []error
	asked     string // the words of Says
	done      string
	argument  reflect.Type
	answer    reflect.Type
	text      func(raw json.RawMessage, argument bool) string // of a value
	decode    func(argument, answer json.RawMessage) (any, error)
	wrong     error            // the first mistake in the declaration
	ruled     bool             // a rule says something of it
	traits    models.Operation // what rules say that it does
}

// Op is an operation of the subject S, with an argument of type A and an answer of type R. Both are
// recorded as JSON, so they must be the same after they were written and read: a declaration with a
// type that would lose a field is refused, and a value that changes, such as NaN, ends the experiment.
// Numbers in an any are read as float64, or as json.Number if a float64 would lose digits. Its methods
// change the declaration and return it; call them before [Object.Workload].
type Op[S, A, R any] struct{ operation }

// Call declares an operation with an argument, which is drawn before each call, and an answer. f is a
// method expression: (*Limiter).Take.
//
// An error of f means that the outcome of the call is unknown, unless it promises that there was no effect
// (subjects.WithoutEffect), or is declared to be an answer ([Op.Refuses]).
func Call[S, A, R any](name string, f func(S, context.Context, A) (R, error), argument func(*Draw) A) *Op[S, A, R] {
	o := &Op[S, A, R]{}
	o.operation = operation{
		at: here(), name: name, load: workloads.MixedOperation{JSONOp: contracts.NewOp(name, o.invoke(f)), Weight: 1}, argument: reflect.TypeFor[A](), answer: reflect.TypeFor[R](),
		text: func(raw json.RawMessage, argument bool) string {
			if argument {
				return textOf[A](raw)
			}
			return textOf[R](raw)
		},
		decode: func(argument, answer json.RawMessage) (any, error) {
			var v values[A, R]
			return &v, v.read(argument, answer)
		},
	}
	switch {
	case !oneWord(name):
		o.wrong = fmt.Errorf("an operation is called %q: give it a name of one word", name)
	case f == nil:
		o.wrong = fmt.Errorf("operation %q has no function that calls it", name)
	case argument == nil:
		o.wrong = fmt.Errorf("operation %q has nothing to draw its argument from", name)
	default:
		o.wrong = cmp.Or(encodable[A](name, "argument"), encodable[R](name, "answer"))
	}
	o.load.Argument = func(d *Draw) (json.RawMessage, error) {
		if o.argument == reflect.TypeFor[None]() {
			return nil, nil
		}
		return encode(argument(d))
	}
	return o
}

// Ask declares an operation without an argument.
func Ask[S, R any](name string, f func(S, context.Context) (R, error)) *Op[S, None, R] {
	if f == nil {
		return Call[S, None, R](name, nil, nothing)
	}
	return Call(name, func(s S, ctx context.Context, _ None) (R, error) { return f(s, ctx) }, nothing)
}

// Give declares an operation without an answer.
func Give[S, A any](name string, f func(S, context.Context, A) error, argument func(*Draw) A) *Op[S, A, None] {
	if f == nil {
		return Call[S, A, None](name, nil, argument)
	}
	return Call(name, func(s S, ctx context.Context, a A) (None, error) { return None{}, f(s, ctx, a) }, argument)
}

// Do declares an operation with neither argument nor answer.
func Do[S any](name string, f func(S, context.Context) error) *Op[S, None, None] {
	if f == nil {
		return Call[S, None, None](name, nil, nothing)
	}
	return Call(name, func(s S, ctx context.Context, _ None) (None, error) { return None{}, f(s, ctx) }, nothing)
}

func nothing(*Draw) None { return None{} }

// Any draws one of some values. Without values it is nil.
func Any[A any](of ...A) func(*Draw) A {
	if len(of) == 0 {
		return nil
	}
	return func(d *Draw) A { return of[d.IntN(len(of))] }
}

// Unique draws a positive number that no other call of the run gets, so that an answer names the call
// that it comes from.
func Unique(d *Draw) int64 { return d.Unique() }

// mostWeight is the largest weight of an operation: the sum of all weights must not overflow.
const mostWeight = 1_000_000

// Weight says how often clients call the operation, relative to the others: a number up to a million. The default is
// 1; an operation of weight 0 is called at the end only, if it is [Op.Final].
func (o *Op[S, A, R]) Weight(n int) *Op[S, A, R] {
	if o.load.Weight = n; n < 0 || n > mostWeight {
		o.wrong = cmp.Or(o.wrong, fmt.Errorf("operation %q has the weight %d: expected 0 to %d", o.name, n, mostWeight))
	}
	return o
}

// ReadOnly declares that the operation changes nothing. A call without an answer then tells nothing, which
// makes histories easier to decide.
func (o *Op[S, A, R]) ReadOnly() *Op[S, A, R] { o.reads = true; return o }

// Final declares that the operation is read-only, and that every client calls it for every object at the end,
// when all faults are healed.
func (o *Op[S, A, R]) Final() *Op[S, A, R] { o.load.Final, o.reads = true, true; return o }

// Plain declares that the operation is read-only, and that its answer may be old, as the answers of ZooKeeper's
// own reads are: it was right at some time that is not before the last state that the client's session had
// seen ("Programmer's Guide, Consistency Guarantees").
func (o *Op[S, A, R]) Plain() *Op[S, A, R] { o.plain, o.reads = true, true; return o }

// Refuses names errors that are answers, such as "empty" or "full". A refusal changes nothing. An error is
// a refusal if it wraps one of these (errors.Is).
func (o *Op[S, A, R]) Refuses(errs ...error) *Op[S, A, R] {
	for i, err := range errs {
		if err == nil || slices.ContainsFunc(errs[:i], func(e error) bool { return e.Error() == err.Error() }) {
			o.wrong = cmp.Or(o.wrong, fmt.Errorf("operation %q refuses with an error that is nil or has the text of another one", o.name))
			return o
		}
	}
	o.refusals = errs
	return o
}

// When lets a client call the operation only if f returns true, such as an unlock while the client
// holds the lock (d.Held > 0). f must not draw.
func (o *Op[S, A, R]) When(f func(d *Draw) bool) *Op[S, A, R] { o.load.When = f; return o }

// Says sets the sentences that describe calls: "client 1 ASKED at 6.027 s and DONE at 6.031 s". {key}
// stands for the object, {arg} for the argument and {got} for the answer. By default, calls are
// described by their name. Arguments and answers that are a [fmt.Stringer] are described by it.
func (o *Op[S, A, R]) Says(asked, done string) *Op[S, A, R] { o.asked, o.done = asked, done; return o }

func (o *Op[S, A, R]) declared() *operation { return &o.operation }

func (o *Op[S, A, R]) of(S) {} // an Op of other subjects has another method, so it is no Operation[S]

// invoke returns what calls the operation of a subject in this process.
func (o *Op[S, A, R]) invoke(call func(S, context.Context, A) (R, error)) func(any, context.Context, contracts.JSON) (contracts.JSON, error) {
	return func(subject any, ctx context.Context, argument contracts.JSON) (answer contracts.JSON, err error) {
		var a A
		if len(argument.RawMessage) > 0 {
			if err := decode(argument.RawMessage, &a); err != nil {
				return answer, fmt.Errorf("%w: %w", contracts.ErrBadValue, err)
			}
		}
		got, err := call(subject.(S), ctx, a)
		switch {
		case err != nil:
			return answer, o.refused(err)
		case o.answer == reflect.TypeFor[None]():
			return answer, nil
		}
		if answer.RawMessage, err = encode(got); err != nil {
			return contracts.JSON{}, workloads.Unwritten{Err: err}
		}
		return answer, nil
	}
}

// refused returns the declared error that err is, or err.
func (o *operation) refused(err error) error {
	for _, declared := range o.refusals {
		if errors.Is(err, declared) {
			return contracts.Refused(declared)
		}
	}
	return err
}

// values are the decoded argument and answer of a call.
type values[A, R any] struct {
	argument A
	answer   R
	raw      json.RawMessage // the answer
}

func (v *values[A, R]) read(argument, answer json.RawMessage) error {
	if len(argument) > 0 {
		if err := decode(argument, &v.argument); err != nil {
			return fmt.Errorf("its argument is no %T: %w", v.argument, err)
		}
	}
	if len(answer) > 0 {
		if err := decode(answer, &v.answer); err != nil {
			return fmt.Errorf("its answer is no %T: %w", v.answer, err)
		}
	}
	var err error
	v.raw, err = json.Marshal(&v.answer) // in the form of other answers
	return err
}

// encodable returns an error if something of the values of a type is lost when they are written as JSON and read.
func encodable[T any](name, what string) error {
	if why := loss(reflect.TypeFor[T](), "its "+what); why != "" {
		return fmt.Errorf("operation %q: %s", name, why)
	}
	return nil
}

// textOf returns a value in the words of its String method; "" if it has none.
func textOf[T any](raw json.RawMessage) string {
	if len(raw) == 0 || reflect.TypeFor[T]() == reflect.TypeFor[None]() {
		return ""
	}
	var v T
	if decode(raw, &v) == nil {
		if s, ok := any(v).(fmt.Stringer); ok {
			return stringOf(s)
		}
		if s, ok := any(&v).(fmt.Stringer); ok {
			return stringOf(s)
		}
	}
	return explain.Facts(raw)
}

// stringOf calls String, which may panic on a value that no client sent.
func stringOf(s fmt.Stringer) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("%T", s)
		}
	}()
	return s.String()
}

// signature returns the operation with the types of its argument and its answer.
func (o *operation) signature() string {
	none := reflect.TypeFor[None]()
	text := o.name + "("
	if o.argument != none {
		text += o.argument.String()
	}
	if text += ")"; o.answer != none {
		text += " " + o.answer.String()
	}
	return text
}

// The greatest lengths of names and values in texts, in characters.
const (
	mostName  = 30
	mostValue = 120
)

// model returns the operation for readers of histories.
func (o *operation) model() models.Operation {
	m := o.traits
	m.Waits, m.Unbounded = m.Waits || o.waits, o.unbounded
	m.F, m.Words, m.Tell = o.name, models.Words{Refused: "it failed"}, o.tell
	if !o.reads {
		m.Quorum = func(*history.Operation) bool { return true }
	}
	return m
}

// tell fills in the words for a call.
func (o *operation) tell(op *history.Operation, w *models.Words) models.Values {
	key := models.Key(op.Key)
	argument := printable.Text(o.text(op.Invoke.Value, true), mostValue)
	got := ""
	if op.Outcome() == history.OK {
		got = printable.Text(o.text(op.Return.Value, false), mostValue)
	}
	if op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodeRefused {
		w.Refused = "was refused"
	}
	w.Name = o.name
	if argument != "" {
		w.Name += "(" + argument + ")"
	}
	w.Asked = "called " + w.Name + " of " + key
	if got != "" {
		w.Name += ": " + got
	}
	w.Name = printable.Text(w.Name, mostName)
	fill := strings.NewReplacer("{key}", key, "{arg}", argument, "{got}", got)
	w.Done = ""
	if got != "" {
		w.Done = "got " + got
	}
	if o.asked != "" {
		w.Asked = fill.Replace(o.asked)
	}
	if o.done != "" {
		w.Done = fill.Replace(o.done)
	}
	return models.Values{}
}
