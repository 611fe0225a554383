// Package subjects contains what zklab tests: the contract of each kind of recipe, the
// [Client] that a recipe under test gets, and the subjects that have a name on the command
// line (zklab, go-zookeeper, broken). It knows no workload, fault or property.
//
// A contract is a small interface. A workload takes a constructor,
//
//	New func(c *subjects.Client, path string) (subjects.Lock, error)
//
// and calls it for each client and key. Values need not be safe for concurrent use, except
// where a method says so.
//
// These rules apply to all contracts:
//
//   - The parent of path exists. Path itself does not, unless the contract says so: all
//     clients create it at about the same time.
//   - Other programs write there as well. Below path, and in folders that the recipe made
//     below it, there may be znodes that no recipe made, some of which look like its own
//     (fault "foreign"). A recipe counts only znodes with names that it makes itself, such
//     as "lock-" and a number after its own id.
//   - Permissions may be missing for a while (fault "acl", zk.ErrNoAuth). If a watch
//     fires meanwhile, a client that may not read the znode is not told
//     (CVE-2024-23944). So a client that waits only for a watch may wait for ever: look
//     again from time to time.
//   - An error means that the outcome is unknown, whatever it is, unless it has a method
//     NoEffect that returns true ([NoEffect], [WithoutEffect]). A plain zk.ErrNoAuth or
//     zk.ErrNoNode counts as a call that may have happened.
//     After an error a method may be called again, but never for the same item, unless the
//     contract says so.
//   - A method returns soon after its ctx has ended. A client waits for a call that does not
//     return; if it gives up, it calls nothing more, not even Close.
//
// The load calls all values like this. The comment of each method adds which call follows an
// error:
//
//   - A client makes one call after the other, of all its values, each perhaps on another
//     goroutine. While a call is under way it calls no other method of its values, except
//     those that are safe for concurrent use (Lost of a [Holder]).
//   - Methods are also called after the session has ended, as if nothing had happened.
//   - What gives a hold up (Unlock, Resign, Release) is called after each hold, even if the
//     hold was lost or the session has ended. If it fails with an error that is
//     zk.ErrNoAuth, the client still holds, and the method is called again until it does not
//     fail so, for a minute at most. After any other error it is not called again, and the
//     next call is one to acquire.
//   - Near the end of a run, a client that has got no answer since its session ended gets a
//     second value from the constructor. Of the first one only Close is called from then on.
//   - Close of a [Closer] comes last, once, when no call of the client is under way, even
//     after the session has ended. It does not come after a call that did not return, and
//     not in a process that was killed.
//
// A library that opens its own connections uses c.Dial. If it cannot, or if it should run
// in another process, adapter.Serve makes a program of it that each client runs as: see
// [Client.Own] and docs/adapters.md.
package subjects

import (
	"context"
	"errors"
)

var (
	// ErrProcess is the error of a client whose process does not run, or does not speak the
	// protocol.
	ErrProcess = errors.New("the client's process")
	// ErrPanicked is the error of a call in which the subject panicked, in this process or
	// another. It is unknown what the call did.
	ErrPanicked = errors.New("the subject panicked")
	// ErrCannot is the error for something that a remote client does not offer.
	ErrCannot = errors.New("not offered")
)

// Closer is a subject that has something to close. Close waits, until ctx ends, for
// clean-ups that continue after cancelled calls. The load calls it once, after the last call of
// the client's values has returned; programs may call it more than once.
type Closer interface {
	Close(ctx context.Context) error
}

// NoEffect reports whether err promises that the operation had no effect. Only then is it recorded
// as fail. The promise is a method of the error, so that recipes need not import zklab.
func NoEffect(err error) bool {
	var e interface{ NoEffect() bool }
	return errors.As(err, &e) && e.NoEffect()
}

// WithoutEffect wraps an error and promises that nothing was changed. For one request that
// is true if a server refused it (zk.ErrNoNode, zk.ErrNodeExists, zk.ErrBadVersion,
// zk.ErrNotEmpty, zk.ErrNoAuth) or go-zookeeper never sent it (zk.ErrNoServer). After
// zk.ErrConnectionClosed or zk.ErrSessionExpired, or if ctx ended while it was under way,
// it may have been carried out. An operation of several requests has had no effect if none
// of them had. A plain error makes no promise and is always correct, but it hides mistakes:
// an item that may have been taken cannot be reported as lost.
func WithoutEffect(err error) error { return withoutEffect{err} }

type withoutEffect struct{ error }

func (withoutEffect) NoEffect() bool  { return true }
func (e withoutEffect) Unwrap() error { return e.error }
