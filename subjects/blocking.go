package subjects

import (
	"context"
	"sync"
)

// Blocking calls methods that take no context, such as those of zk.Lock, for a subject whose
// methods return soon after their context has ended. At most one call is under way at a time. A
// call cannot be cancelled: when its context ends, the call goes on, and is undone if it succeeds
// later; other calls wait for it. Any program that puts a time limit around such a method must do
// this.
//
// The zero value is ready to use. Blocking is safe for concurrent use.
type Blocking struct {
	once   sync.Once
	inside chan struct{} // holds one element while a call is under way
}

// Do calls call and returns its error. If ctx ends first, Do returns the cause of that; once call
// has succeeded, undo is called unless it is nil, and its error is dropped. If ctx ends while Do
// waits for an earlier call, the error is one [WithoutEffect].
func (b *Blocking) Do(ctx context.Context, call, undo func() error) error {
	b.once.Do(func() { b.inside = make(chan struct{}, 1) })
	select {
	case b.inside <- struct{}{}:
	case <-ctx.Done():
		return WithoutEffect(context.Cause(ctx))
	}
	done := make(chan error) // unbuffered: either the caller receives the result or it has gone
	gone := make(chan struct{})
	go func() {
		defer func() { <-b.inside }()
		err := call()
		select {
		case done <- err:
		case <-gone:
			if err == nil && undo != nil {
				_ = undo()
			}
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		close(gone)
		return context.Cause(ctx)
	}
}
