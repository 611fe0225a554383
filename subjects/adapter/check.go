package adapter

import (
	"context"
	"errors"
)

// check is one thing that a program must do. It ends (trial.must) with an error that says what the program
// did instead, or with errNotOffered if the program does not offer it.
type check struct {
	name string
	run  func(t *trial)
}

var errNotOffered = errors.New("not offered")

// What most checks begin with: an object of one client, objects of two clients at one path, the
// same two as contenders, a client without objects, and a program to which the check writes lines
// itself.
var (
	onObject     = on((*trial).first)
	onClient     = on((*trial).client)
	onTalk       = on((*trial).opened)
	onTwo        = onBoth((*trial).pair)
	onContenders = onBoth((*trial).contenders)
)

// on returns a function that turns a check into one that gets what begin makes.
func on[T any](begin func(*trial) T) func(func(*trial, T)) func(*trial) {
	return func(run func(*trial, T)) func(*trial) {
		return func(t *trial) { run(t, begin(t)) }
	}
}

// onBoth is like on, for two values.
func onBoth[T any](begin func(*trial) (a, b T)) func(func(t *trial, a, b T)) func(*trial) {
	return func(run func(t *trial, a, b T)) func(*trial) {
		return func(t *trial) {
			a, b := begin(t)
			run(t, a, b)
		}
	}
}

// makes checks that the program has the recipe.
func makes(t *trial) {
	err := caught(func() { t.first() })
	var e *Error
	if errors.As(err, &e) && e.Code == codeUnsupported {
		t.must(errNotOffered)
	}
	t.must(err)
}

// refusesOperation checks that an object refuses an operation that it does not know.
func refusesOperation(t *trial, o *object) {
	const none = "frobnicate"
	var e *Error
	err := t.await(t.begin(none, func(ctx context.Context) error { return o.Call(ctx, none, nil, nil) }))
	switch {
	case err == nil:
		t.failf("the operation %s was answered with ok, but should be an error with the code %q", none, codeUnknown)
	case !errors.As(err, &e):
		t.failf("the operation %s: %w", none, err)
	case e.Code != codeUnknown:
		t.failf("the operation %s was answered with the code %q (%s); it should be %q", none, e.Code, e.Message, codeUnknown)
	}
}
