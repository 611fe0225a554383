// Package await has what the standard library lacks around waiting: pauses that a
// context ends, calls that take no context, and many calls at once. It knows nothing of
// ZooKeeper, and imports nothing of zklab. All of it works in virtual time.
package await

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Sleep pauses for d. The error is the cause of ctx's end, if that came first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}

// Within calls f, which takes no context, and waits for it until ctx ends. Then the error is the cause
// of ctx, and f continues in the background.
func Within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	var value, none T
	done := make(chan error, 1)
	go func() {
		v, err := f()
		value = v
		done <- err
	}()
	select {
	case err := <-done:
		return value, err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// Until is like Within, for a call without a result.
func Until(ctx context.Context, f func() error) error {
	_, err := Within(ctx, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// All calls do for all elements at once, waits for all calls, and joins their errors in the order of the
// elements. The calls begin a nanosecond apart: with one deadline for all, they would fail in any order in
// virtual time, where timers that are due at one instant fire in random order.
func All[T any](of []T, do func(i int, v T) error) error {
	errs := make([]error, len(of))
	var wg sync.WaitGroup
	for i, v := range of {
		wg.Go(func() {
			time.Sleep(time.Duration(i))
			errs[i] = do(i, v)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Closed reports whether a channel has been closed; nil never is.
func Closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Wake wakes the goroutine that receives from c, a channel with room for one, now or when it receives next.
func Wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
