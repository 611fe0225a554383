package adapter

import (
	"context"
	"errors"
	"fmt"
)

// check is one thing that a program must do. It returns an error that says what the program
// did instead, or errNotOffered if the program does not offer it.
type check struct {
	name string
	run  func(t *trial) error
}

var errNotOffered = errors.New("not offered")

// What most checks begin with: an object of one client, objects of two clients at one path,
// the same as contenders, a client without objects, a program whose lines the check writes
// itself.
var (
	onObject     = on((*trial).first)
	onClient     = on((*trial).client)
	onTalk       = on((*trial).opened)
	onTwo        = onBoth((*trial).pair)
	onContenders = onBoth((*trial).contenders)
)

// on makes a check that needs something, which begin makes.
func on[T any](begin func(*trial) (T, error)) func(func(*trial, T) error) func(*trial) error {
	return func(run func(*trial, T) error) func(*trial) error {
		return func(t *trial) error {
			v, err := begin(t)
			if err != nil {
				return err
			}
			return run(t, v)
		}
	}
}

// onBoth is on for two values.
func onBoth[T any](begin func(*trial) (a, b T, err error)) func(func(t *trial, a, b T) error) func(*trial) error {
	return func(run func(t *trial, a, b T) error) func(*trial) error {
		return func(t *trial) error {
			a, b, err := begin(t)
			if err != nil {
				return err
			}
			return run(t, a, b)
		}
	}
}

// makes: the program has the recipe.
func makes(t *trial) error {
	_, err := t.object(t.path())
	var e *Error
	if errors.As(err, &e) && e.Code == codeUnsupported {
		return errNotOffered
	}
	return err
}

// refusesOperation: an object refuses an operation that it does not know.
func refusesOperation(t *trial, o *object) error {
	const none = "frobnicate"
	var e *Error
	err := t.await(t.begin(none, func(ctx context.Context) error { return o.Call(ctx, none, nil, nil) }))
	switch {
	case err == nil:
		return fmt.Errorf("the operation %s was answered with ok, but should be an error with the code %q", none, codeUnknown)
	case !errors.As(err, &e):
		return fmt.Errorf("the operation %s: %w", none, err)
	case e.Code != codeUnknown:
		return fmt.Errorf("the operation %s was answered with the code %q (%s); it should be %q", none, e.Code, e.Message, codeUnknown)
	}
	return nil
}
