// Package subjects is what zklab puts to the test: the contract of each kind of
// recipe, the [Client] that a recipe under test gets, and the subjects that have
// a name on the command line (zklab, go-zookeeper, broken). It may not know a
// workload, a fault or a property.
//
// A contract is a small interface. A workload takes a constructor,
//
//	New func(c *subjects.Client, path string) (subjects.Lock, error)
//
// and calls it once for each client and key. Values need not be safe for
// concurrent use by several goroutines, except where a method says so.
package subjects

import (
	"context"
	"errors"
)

var (
	// ErrProcess is the error of a client whose process does not run, or does not
	// speak the protocol.
	ErrProcess = errors.New("the client's process")
	// ErrCannot is the error of something that a remote client does not offer.
	ErrCannot = errors.New("not offered")
)

// Closer is a subject with something to end: Close waits, until ctx ends, for
// clean-ups that go on after cancelled calls. More than once is fine.
type Closer interface {
	Close(ctx context.Context) error
}

// NoEffect says that err promises that the operation had no effect: only then
// it is recorded as fail. It is a method, so that recipes need not import zklab.
func NoEffect(err error) bool {
	var e interface{ NoEffect() bool }
	return errors.As(err, &e) && e.NoEffect()
}

// WithoutEffect wraps an error and promises that nothing was changed.
func WithoutEffect(err error) error { return withoutEffect{err} }

type withoutEffect struct{ error }

func (withoutEffect) NoEffect() bool  { return true }
func (e withoutEffect) Unwrap() error { return e.error }
