// Package contracts declares, once for each object, which operations zklab calls on the subjects of a recipe: an [Op]
// for each method of the interface in package subjects, with the types of its argument and answer, and a [Contract]
// that lists them. A workload calls a subject by these declarations, wherever it is: in this process, or in the one
// that its client lives in ([At]). [Contract.Serve] makes the objects that such a process serves, and package adapter
// checks them. The package knows no workload, fault or property.
package contracts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/nils"
	"github.com/zklab/zklab/subjects"
)

// None is the type of a missing argument, and of a missing answer.
type None struct{}

// IsZero returns true.
func (None) IsZero() bool { return true }

// Op is an operation of the contract S, with an argument of type A and an answer of type R. It is declared once: a
// workload calls it by [Op.On], wherever the subject is; [Contract.Serve] serves it to another process. Both values
// travel as JSON.
type Op[S, A, R any] struct {
	name  string
	call  func(s S, ctx context.Context, a A) (R, error)
	needs string   // the offer of the subjects that have the operation; "" if all have it
	reads bool     // the operation changes nothing
	tidy  func(*R) // normalizes the answer of another process; nil if there is nothing to do
}

// NewOp declares an operation with an argument and an answer.
func NewOp[S, A, R any](name string, call func(S, context.Context, A) (R, error)) *Op[S, A, R] {
	return &Op[S, A, R]{name: name, call: call}
}

// asks declares an operation with an answer.
func asks[S, R any](name string, call func(S, context.Context) (R, error)) *Op[S, None, R] {
	return NewOp(name, func(s S, ctx context.Context, _ None) (R, error) { return call(s, ctx) })
}

// gives declares an operation with an argument and no answer.
func gives[S, A any](name string, call func(S, context.Context, A) error) *Op[S, A, None] {
	return NewOp(name, func(s S, ctx context.Context, a A) (None, error) { return None{}, call(s, ctx, a) })
}

// does declares an operation without argument and answer.
func does[S any](name string, call func(S, context.Context) error) *Op[S, None, None] {
	return NewOp(name, func(s S, ctx context.Context, _ None) (None, error) { return None{}, call(s, ctx) })
}

// further declares an operation for those subjects of the contract S that have the offer. They also implement
// T.
func further[S, T, A, R any](offer string, of *Op[T, A, R]) *Op[S, A, R] {
	o := NewOp(of.name, func(s S, ctx context.Context, a A) (R, error) {
		t, _ := subjects.Offered[T](s)
		return of.call(t, ctx, a)
	})
	o.needs, o.reads = offer, of.reads
	return o
}

// readOnly marks the operation as one that changes nothing, whatever its errors say.
func (o *Op[S, A, R]) readOnly() *Op[S, A, R] { o.reads = true; return o }

// Name returns the name of the operation in the record and in the adapter protocol.
func (o *Op[S, A, R]) Name() string { return o.name }

// On calls the operation on a subject. An argument whose method IsZero returns true is not sent to
// another process.
func (o *Op[S, A, R]) On(ctx context.Context, at At[S], a A) (r R, err error) {
	if at.There != nil {
		r, err = o.there(ctx, at.There, a)
	} else {
		r, err = o.call(at.Here, ctx, a)
	}
	if err != nil && o.reads {
		err = subjects.WithoutEffect(err)
	}
	return r, err
}

// there calls the operation in another process.
func (o *Op[S, A, R]) there(ctx context.Context, object subjects.Object, a A) (r R, err error) {
	var value, result any = a, &r
	if isZero(a) {
		value = nil
	}
	if _, none := result.(*None); none {
		result = nil
	}
	err = object.Call(ctx, o.name, value, result)
	if err == nil && o.tidy != nil {
		o.tidy(&r)
	}
	return r, err
}

// valued decodes an argument. A missing one is the zero value.
func valued[T any](value json.RawMessage) (v T, err error) {
	if len(value) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(value, &v); err != nil {
		return v, badValue{value}
	}
	return v, nil
}

// isZero reports whether a value has a method IsZero that returns true. Such a value is not sent.
func isZero(v any) bool {
	z, ok := v.(interface{ IsZero() bool })
	return ok && z.IsZero()
}

// operation is an Op without the types of its values.
type operation[S any] interface {
	Name() string
	offer() string
	serve(s S) subjects.Operation
}

func (o *Op[S, A, R]) offer() string { return o.needs }

// serve returns the operation on one subject, as another process calls it.
func (o *Op[S, A, R]) serve(s S) subjects.Operation {
	return func(ctx context.Context, value json.RawMessage) (any, error) {
		a, err := valued[A](value)
		if err != nil {
			return nil, err
		}
		r, err := o.call(s, ctx, a)
		if err != nil || isZero(r) {
			return nil, err
		}
		return r, nil
	}
}

// Validator is a result of [subjects.Object.Call] that can check its content.
type Validator interface {
	Validate(offers func(offer string) bool) error
}

// At is a subject of the contract S as a workload uses it: in this process, or in the one that the client lives in.
type At[S any] struct {
	Here  S               // the subject, if it is in this process
	There subjects.Object // nil if it is in this process

	offers []string // of the subject in this process
}

// Subject returns the subject, wherever it is. [subjects.Offered] says which other interfaces it
// offers.
func (a At[S]) Subject() any {
	if a.There != nil {
		return a.There
	}
	return a.Here
}

// Offers reports whether the subject has an ability that its contract does not require.
func (a At[S]) Offers(offer string) bool {
	if a.There != nil {
		return a.There.Offers(offer)
	}
	return slices.Contains(a.offers, offer)
}

// Contract lists the operations of one kind of subjects, which may be in this process or in another one. M is the
// type of the argument that a constructor gets in addition to the path; None if there is no such argument.
type Contract[S, M any] struct {
	model      *models.Model
	with       string // the name of the M in the request "make"
	operations []operation[S]
	offers     []offer
	about      func(s S) any                         // returns the value in the answer to the request "make"; nil for none
	check      func(subjects.Object) error           // checks the answer to the request "make"; nil if there is nothing to check
	wrap       func(subjects.Object) subjects.Object // wraps an object in another process; nil for none
	serves     func(subject S, to *subjects.Served)  // adds what the operations alone do not tell; nil for none
}

// Listed is a contract without the types of its subjects and of what their constructors get.
type Listed interface {
	Name() string         // of the model
	Operations() []string // their names
	Offers() []string     // what subjects may offer
}

// offer is an ability that a subject may have beyond its contract.
type offer struct {
	name string
	has  func(subject any) bool
}

// offers declares that a subject that implements T has the named offer.
func offers[T any](name string) offer {
	return offer{name, func(subject any) bool { _, ok := subjects.Offered[T](subject); return ok }}
}

// mayOffer adds offers that subjects of the contract may have.
func (k *Contract[S, M]) mayOffer(more ...offer) *Contract[S, M] {
	k.offers = append(k.offers, more...)
	return k
}

// Name returns the name of the contract's model.
func (k *Contract[S, M]) Name() string { return k.model.Name }

// Operations lists the names of the operations.
func (k *Contract[S, M]) Operations() (names []string) {
	for _, o := range k.operations {
		names = append(names, o.Name())
	}
	return names
}

// Offers lists what subjects may offer.
func (k *Contract[S, M]) Offers() (names []string) {
	for _, o := range k.offers {
		names = append(names, o.name)
	}
	return names
}

// With returns what the request "make" contains in addition to the object's path; nil if there is
// nothing.
func (k *Contract[S, M]) With(m M) any {
	if k.with == "" {
		return nil
	}
	return map[string]M{k.with: m}
}

// read decodes the M that With returned.
func (k *Contract[S, M]) read(value json.RawMessage) (m M, err error) {
	if k.with == "" {
		return m, nil
	}
	said, err := valued[map[string]json.RawMessage](value)
	if err != nil {
		return m, err
	}
	if m, err = valued[M](said[k.with]); err != nil {
		return m, badValue{value}
	}
	return m, nil
}

// ErrNoSubject is the error of a constructor that returned neither a subject nor an error.
var ErrNoSubject = errors.New("the constructor returned nil, without an error")

// Given returns the results of a constructor, or [ErrNoSubject] if the constructor returned neither a subject nor
// an error. A nil pointer is no subject. Given is safe for concurrent use.
func Given[S any](s S, err error) (S, error) {
	if err == nil && nils.Is(s) {
		err = ErrNoSubject
	}
	return s, err
}

// New makes a subject for a workload: with make, or in the process that the client lives in.
func (k *Contract[S, M]) New(c *subjects.Client, path string, m M, make func(c *subjects.Client, path string, m M) (S, error)) (At[S], error) {
	if c.Remote != nil {
		there, err := k.there(c, path, m)
		return At[S]{There: there}, err
	}
	s, err := Given(make(c, path, m))
	if err != nil {
		return At[S]{}, err
	}
	return At[S]{Here: s, offers: k.offered(s)}, nil
}

// there makes the object in the process that the client lives in.
func (k *Contract[S, M]) there(c *subjects.Client, path string, m M) (subjects.Object, error) {
	o, err := c.Remote.Make(k.model.Name, path, k.With(m), k.Offers()...)
	if err == nil && k.check != nil {
		err = k.check(o)
	}
	if err != nil {
		return nil, err
	}
	if k.wrap != nil {
		o = k.wrap(o)
	}
	return o, nil
}

// offered lists what a subject offers.
func (k *Contract[S, M]) offered(s S) (names []string) {
	for _, o := range k.offers {
		if o.has(s) {
			names = append(names, o.name)
		}
	}
	return names
}

// Serve returns the maker of subjects that are served to another process.
func (k *Contract[S, M]) Serve(make func(c *subjects.Client, path string, m M) (S, error)) subjects.Maker {
	return func(c *subjects.Client, path string, value json.RawMessage) (*subjects.Served, error) {
		m, err := k.read(value)
		if err != nil {
			return nil, err
		}
		s, err := Given(make(c, path, m))
		if err != nil {
			return nil, err
		}
		to := &subjects.Served{Subject: s, Operations: map[string]subjects.Operation{}, Offers: k.offered(s)}
		if k.about != nil {
			to.About = k.about(s)
		}
		for _, o := range k.operations {
			if o.offer() == "" || slices.Contains(to.Offers, o.offer()) {
				to.Operations[o.Name()] = o.serve(s)
			}
		}
		if k.serves != nil {
			k.serves(s, to)
		}
		return to, nil
	}
}

// ServeOn is like Serve, for constructors that get only the path.
func ServeOn[S any](k *Contract[S, None], make func(c *subjects.Client, path string) (S, error)) subjects.Maker {
	return k.Serve(func(c *subjects.Client, path string, _ None) (S, error) { return make(c, path) })
}
