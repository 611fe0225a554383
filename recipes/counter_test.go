package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// counts returns the value of a counter, as a client without faults reads it.
func counts(t *testing.T, c *client, path string) (n int64) {
	t.Helper()
	counter := recipes.NewCounter(c.s, path)
	within(t, "value", func(ctx context.Context) (err error) {
		n, err = counter.Value(ctx)
		return err
	})
	within(t, "close", counter.Close)
	if marks := c.children(path + "/marks"); len(marks) > 0 {
		t.Errorf("marks left: %v", marks)
	}
	return n
}

// counterOfFour makes two clients add, compare and set, and read.
func counterOfFour(t *testing.T, a, b *client, path string) {
	ca, cb := recipes.NewCounter(a.s, path), recipes.NewCounter(b.s, path)
	wants := func(what string, want int64, f func(context.Context) (int64, error)) {
		t.Helper()
		within(t, what, func(ctx context.Context) error {
			got, err := f(ctx)
			if err == nil && got != want {
				t.Errorf("%s: %d, want %d", what, got, want)
			}
			return err
		})
	}
	add := func(c *recipes.Counter, delta, want int64) {
		t.Helper()
		wants("add", want, func(ctx context.Context) (int64, error) { return c.Add(ctx, delta) })
	}
	swap := func(c *recipes.Counter, from, to int64, want bool) {
		t.Helper()
		within(t, "compare and set", func(ctx context.Context) error {
			got, err := c.CompareAndSet(ctx, from, to)
			if err == nil && got != want {
				t.Errorf("compare %d and set %d: %v", from, to, got)
			}
			return err
		})
	}
	wants("value of none", 0, ca.Value)
	wants("cached value of none", 0, ca.Cached)
	add(ca, 1, 1)
	add(cb, 2, 3)
	swap(ca, 1, 9, false)
	swap(ca, 3, 10, true)
	add(ca, -4, 6)
	wants("value", 6, ca.Value)
	wants("cached value", 6, ca.Cached)
	swap(cb, 10, 3, false)
	within(t, "a closes", ca.Close)
	within(t, "b closes", cb.Close)
	if got := counts(t, b, path); got != 6 {
		t.Errorf("the counter is %d in the end", got)
	}
}

func TestCounterSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, counterOfFour) }

func TestCounterSurvivesEveryTwoLosses(t *testing.T) {
	everyBlow(t, simulated, twoReplies, counterOfFour)
}

// changeInterrupted checks that the error of a change from 1 to 2 tells whether it was
// applied.
func changeInterrupted(change func(context.Context, *recipes.Counter) error) func() interrupted {
	return func() interrupted {
		var c *recipes.Counter
		return interrupted{
			prepare: func(t *testing.T, a, b *client, path string) {
				first := recipes.NewCounter(b.s, path)
				within(t, "add", func(ctx context.Context) error { _, err := first.Add(ctx, 1); return err })
				within(t, "close", first.Close)
				c = recipes.NewCounter(a.s, path)
			},
			act: func(ctx context.Context, _ *client, _ string) error { return change(ctx, c) },
			done: func(t *testing.T, _, b *client, path string, err error) {
				within(t, "a closes", c.Close)
				switch n := counts(t, b, path); {
				case err == nil && n != 2:
					t.Errorf("changed, but it is %d", n)
				case noEffect(err) && n != 1:
					t.Errorf("%v, said to be without effect, but it is %d", err, n)
				case err != nil && !noEffect(err) && !errors.Is(err, recipes.ErrUnknown):
					t.Errorf("neither settled nor unknown: %v", err)
				case n != 1 && n != 2:
					t.Errorf("it is %d", n)
				}
			},
		}
	}
}

func TestCounterInterruptedAtEveryMoment(t *testing.T) {
	add := func(ctx context.Context, c *recipes.Counter) error { _, err := c.Add(ctx, 1); return err }
	swap := func(ctx context.Context, c *recipes.Counter) error {
		swapped, err := c.CompareAndSet(ctx, 1, 2)
		if err == nil && !swapped {
			return errors.New("not swapped")
		}
		return err
	}
	t.Run("add cancelled", func(t *testing.T) { everyMoment(t, changeInterrupted(add), cancelled) })
	t.Run("add expired", func(t *testing.T) { everyMoment(t, changeInterrupted(add), expired) })
	t.Run("swap cancelled", func(t *testing.T) { everyMoment(t, changeInterrupted(swap), cancelled) })
	t.Run("swap expired", func(t *testing.T) { everyMoment(t, changeInterrupted(swap), expired) })
}

// TestCounterUnderContention checks that every addition counts once and gives a sum of
// its own, while connections are cut.
func TestCounterUnderContention(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		const clients, additions = 3, 30
		path := freshPath()
		sums := make(chan int64, clients*additions)
		ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
		defer cancel()
		finished := make(chan error, clients)
		for range clients {
			c := newClient(t, e)
			go func() {
				counter := recipes.NewCounter(c.s, path)
				for n := range additions {
					sum, err := counter.Add(ctx, 1)
					if err != nil {
						finished <- fmt.Errorf("add: %w", err)
						return
					}
					sums <- sum
					if n%10 == 5 {
						c.link.Cut()
					}
				}
				finished <- counter.Close(ctx)
			}()
		}
		for range clients {
			if err := <-finished; err != nil {
				t.Error(err)
			}
		}
		close(sums)
		seen := map[int64]bool{}
		for sum := range sums {
			if seen[sum] {
				t.Errorf("%d twice", sum)
			}
			seen[sum] = true
		}
		if got := counts(t, newClient(t, e), path); got != clients*additions {
			t.Errorf("it is %d after %d additions", got, clients*additions)
		}
	})
}

func TestCounterRefuses(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		c := recipes.NewCounter(a.s, path)
		within(t, "largest", func(ctx context.Context) error { _, err := c.Add(ctx, math.MaxInt64); return err })
		refuses := refusing(t)
		add := func(n int64) error { _, err := c.Add(t.Context(), n); return err }
		refuses(add(1), recipes.ErrOverflow)
		within(t, "not the smallest", func(ctx context.Context) error { _, err := c.CompareAndSet(ctx, math.MaxInt64, -2); return err })
		refuses(add(math.MinInt64), recipes.ErrOverflow)
		if _, err := a.conn.Set(path, []byte("many"), -1); err != nil {
			t.Fatal(err)
		}
		refuses(add(1), recipes.ErrNotCounter)
		_, err := c.Value(t.Context())
		refuses(err, recipes.ErrNotCounter)
		within(t, "close", c.Close)
		refuses(add(1), recipes.ErrClosed)
	})
}
