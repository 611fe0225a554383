package subjects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// This file is how a subject is used from another process: operations by name, with
// values in JSON. Each contract says in its own file how it is served and how it is
// reached; whatever lies between the two processes (package adapter) knows no contract. A program that
// serves subjects calls adapter.Serve with makers from here ([ServeLock]); its library may have
// connections of its own ([Own]).

// Maker makes a subject for another process. The value is what make says beside the
// path; nil: nothing.
type Maker func(c *Client, path string, value json.RawMessage) (*Served, error)

// Served is a subject as another process uses it.
type Served struct {
	Subject    any // closed in the end if it is a [Closer]
	Operations map[string]Operation
	// Offers are what it can do beyond the operations that every subject of its kind has.
	Offers []string
	// About is what make is answered with; nil: nothing.
	About any
	// Begins is the operation that gives a hold, and Ends the one that gives it back;
	// Lost is closed when the present hold is lost. Lost is nil where no loss is told.
	Begins, Ends string
	Lost         func() <-chan struct{}
}

// Operation does one thing: an argument in JSON, or nil, becomes a result, or nil.
type Operation func(ctx context.Context, value json.RawMessage) (any, error)

// Object is a subject in another process, for the one that uses it. Safe for
// concurrent use; one call is under way at a time, others wait.
type Object interface {
	// Call does an operation, and reads its answer into result (nil: there is none to
	// be read). A result with a method Validate must pass it: an answer that does not is
	// a mistake of the adapter and not of the recipe.
	Call(ctx context.Context, operation string, value, result any) error
	// Hold is Call for an operation that gives a hold. The channel is closed when the
	// other process says that it is lost.
	Hold(ctx context.Context, operation string, value, result any) (lost <-chan struct{}, err error)
	// Offers says whether it offers something.
	Offers(offer string) bool
	// About reads what make was answered with; v stays as it is if that was nothing.
	About(v any) error
	Closer
}

// Validator is a result of [Object.Call] that knows what has to be in it.
type Validator interface {
	Validate(offers func(offer string) bool) error
}

// Offered gives what a subject offers beyond its contract (a [Fencer], say), if it
// does. A subject whose offers are known only at run time, as one in another process,
// has a method Offered(target any) bool, which sets the target, a *Fencer here, or says
// that there is none; of every other one the methods of its type count.
func Offered[T any](subject any) (offered T, ok bool) {
	if s, asks := subject.(interface{ Offered(target any) bool }); asks {
		ok = s.Offered(&offered)
		return offered, ok
	}
	offered, ok = subject.(T)
	return offered, ok
}

// ErrBadValue is the error of a value that is not what the operation takes.
var ErrBadValue = errors.New("bad value")

// plain is an operation without argument and result.
func plain(call func(context.Context) error) Operation {
	return func(ctx context.Context, _ json.RawMessage) (any, error) { return nil, call(ctx) }
}

// taking is an operation with an argument.
func taking[T any](do func(ctx context.Context, v T) (any, error)) Operation {
	return func(ctx context.Context, value json.RawMessage) (any, error) {
		v, err := valued[T](value)
		if err != nil {
			return nil, err
		}
		return do(ctx, v)
	}
}

// valued reads an argument. One that is missing is the zero value.
func valued[T any](value json.RawMessage) (v T, err error) {
	if len(value) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(value, &v); err != nil {
		return v, badValue{value}
	}
	return v, nil
}

// badValue is an ErrBadValue: nothing was done.
type badValue struct{ value json.RawMessage }

func (e badValue) Error() string { return fmt.Sprintf("%v: %.80s", ErrBadValue, e.value) }
func (badValue) Unwrap() error   { return ErrBadValue }
func (badValue) NoEffect() bool  { return true }

// errHere is why a client within this process has no remote subjects.
var errHere = errors.New("this client is not a process of its own, so there is no other process to make the subject in")

// remote makes an object where the client lives.
func (c *Client) remote(recipe, path string, value any, offers ...string) (Object, error) {
	if c.Remote == nil {
		return nil, errHere
	}
	return c.Remote.Make(recipe, path, value, offers...)
}

// Connected is nil if a subject of this process can be made; else the client has its
// connection in another one.
func (c *Client) Connected() error {
	if c.Own != nil {
		return fmt.Errorf("client %d has a session of its own library, and no connection of go-zookeeper", c.ID)
	}
	if c.Conn == nil {
		return fmt.Errorf("client %d has its connection in another process: its subjects are made there", c.ID)
	}
	return nil
}
