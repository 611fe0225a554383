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
//
// What holds for all contracts:
//
//   - The parent of path exists. Path itself does not, unless the contract says so: all clients
//     make it at about the same time.
//   - Others write there, too. Below path, and in folders that the recipe made below it, there may be
//     znodes that no recipe made, also such as look like its own (fault "foreign"). A recipe counts
//     those alone whose names it makes itself, such as "lock-" and a number behind an id of its own.
//   - Rights may be taken away for a while (fault "acl", zk.ErrNoAuth). A watch that fires meanwhile
//     is not told to whoever may not read the znode (CVE-2024-23944), so who waits for nothing but a
//     watch may wait for ever: look again from time to time.
//   - An error says that the outcome is not known, unless [NoEffect] is true of it. A method that
//     returns an error is called again, or not, and never for the same item.
//   - A method returns soon after its ctx has ended.
//
// A library that opens connections of its own opens them with c.Dial. If it cannot, or in another process,
// adapter.Serve makes a program of it that each client runs as: see [Client.Own] and docs/adapters.md.
package subjects

import (
	"context"
	"errors"
)

var (
	// ErrProcess is the error of a client whose process does not run, or does not
	// speak the protocol.
	ErrProcess = errors.New("the client's process")
	// ErrPanicked is the error of a call in which the subject panicked, in whichever process that
	// was. What the call did is not known.
	ErrPanicked = errors.New("the subject panicked")
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

// WithoutEffect wraps an error and promises that nothing was changed. Of one request that is so if a
// server refused it (zk.ErrNoNode, zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrNotEmpty, zk.ErrNoAuth) or
// go-zookeeper never sent it (zk.ErrNoServer). After zk.ErrConnectionClosed, zk.ErrSessionExpired, or
// when ctx ended while it was under way, it may have been done. An operation of several requests has had no effect
// if none of them had. Plain errors are always true, and hide mistakes: an item that may have been taken
// can't be missed.
func WithoutEffect(err error) error { return withoutEffect{err} }

type withoutEffect struct{ error }

func (withoutEffect) NoEffect() bool  { return true }
func (e withoutEffect) Unwrap() error { return e.error }
