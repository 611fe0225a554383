package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// drain takes all items with a client without faults.
func drain(t *testing.T, c *client, path string) []string {
	t.Helper()
	q := recipes.NewQueue(c.s, path)
	var items []string
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		item, err := q.TryTake(ctx)
		if errors.Is(err, recipes.ErrEmpty) {
			break
		}
		if err != nil {
			t.Fatalf("drain: %v", err)
		}
		items = append(items, string(item))
	}
	within(t, "close of the drain", q.Close)
	return items
}

// queueOfFour makes a put and take, with and without items in the queue.
func queueOfFour(t *testing.T, a, b *client, path string) {
	qa, qb := recipes.NewQueue(a.s, path), recipes.NewQueue(b.s, path)
	put := func(q *recipes.Queue, item string) {
		t.Helper()
		within(t, "put "+item, func(ctx context.Context) error { return q.Put(ctx, []byte(item)) })
	}
	take := func(f func(context.Context) ([]byte, error), want string) {
		t.Helper()
		within(t, "take "+want, func(ctx context.Context) error {
			item, err := f(ctx)
			if err == nil && string(item) != want {
				t.Errorf("took %q, want %q", item, want)
			}
			return err
		})
	}
	put(qa, "1")
	put(qa, "2")
	put(qb, "3")
	take(qa.Take, "1")
	take(qa.TryTake, "2")
	put(qa, "4")
	take(qa.Take, "3")
	take(qa.Take, "4")
	within(t, "try take from an empty queue", func(ctx context.Context) error {
		if item, err := qa.TryTake(ctx); !errors.Is(err, recipes.ErrEmpty) || !noEffect(err) {
			return fmt.Errorf("got %q, %v", item, err)
		}
		return nil
	})
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		take(qa.Take, "5")
	}()
	time.Sleep(50 * time.Millisecond) // in most cases, until it waits
	put(qb, "5")
	<-waiting
	within(t, "a closes", qa.Close)
	within(t, "b closes", qb.Close)
	if left := drain(t, b, path); len(left) > 0 {
		t.Errorf("left in the queue: %v", left)
	}
	if marks := b.children(path + "/marks"); len(marks) > 0 {
		t.Errorf("marks left: %v", marks)
	}
}

func TestQueueSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, queueOfFour) }

func TestQueueSurvivesEveryTwoLosses(t *testing.T) { everyBlow(t, simulated, twoReplies, queueOfFour) }

// putInterrupted checks that the error of a Put tells whether the item is there.
func putInterrupted() interrupted {
	var q *recipes.Queue
	return interrupted{
		prepare: func(_ *testing.T, a, _ *client, path string) { q = recipes.NewQueue(a.s, path) },
		act:     func(ctx context.Context, _ *client, _ string) error { return q.Put(ctx, []byte("item")) },
		done: func(t *testing.T, a, b *client, path string, err error) {
			within(t, "a closes", q.Close)
			got := drain(t, b, path)
			switch {
			case err == nil && !slices.Equal(got, []string{"item"}):
				t.Errorf("put, but the queue holds %q", got)
			case noEffect(err) && len(got) > 0:
				t.Errorf("%v, said to be without effect, but the queue holds %q", err, got)
			case err != nil && !noEffect(err) && !errors.Is(err, recipes.ErrUnknown):
				t.Errorf("neither settled nor unknown: %v", err)
			case len(got) > 1:
				t.Errorf("put twice: %q", got)
			}
			if marks := b.children(path + "/marks"); len(marks) > 0 {
				t.Errorf("marks left: %v", marks)
			}
			again := recipes.NewQueue(a.s, path)
			within(t, "put after it", func(ctx context.Context) error { return again.Put(ctx, []byte("x")) })
			within(t, "close after it", again.Close)
		},
	}
}

// takeInterrupted checks that the error of a Take tells whether the item is gone.
func takeInterrupted() interrupted {
	var q *recipes.Queue
	var got []byte
	return interrupted{
		prepare: func(t *testing.T, a, b *client, path string) {
			q = recipes.NewQueue(a.s, path)
			put := recipes.NewQueue(b.s, path)
			for _, item := range []string{"1", "2"} {
				within(t, "put", func(ctx context.Context) error { return put.Put(ctx, []byte(item)) })
			}
			within(t, "close", put.Close)
		},
		act: func(ctx context.Context, _ *client, _ string) (err error) {
			got, err = q.Take(ctx)
			return err
		},
		done: func(t *testing.T, a, b *client, path string, err error) {
			if err == nil && string(got) != "1" {
				t.Errorf("took %q", got)
			}
			// The same value goes on with the item that is first now.
			var rest []string
			within(t, "take after it", func(ctx context.Context) error {
				item, err := q.Take(ctx)
				rest = append(rest, string(item))
				return err
			})
			within(t, "a closes", q.Close)
			rest = append(rest, drain(t, b, path)...)
			switch {
			case err == nil:
				if diff := cmp.Diff([]string{"2"}, rest); diff != "" {
					t.Errorf("after a Take: %s", diff)
				}
			case noEffect(err):
				if diff := cmp.Diff([]string{"1", "2"}, rest); diff != "" {
					t.Errorf("after %v, said to be without effect: %s", err, diff)
				}
			case !errors.Is(err, recipes.ErrUnknown):
				t.Errorf("neither settled nor unknown: %v", err)
			case !slices.Equal(rest, []string{"2"}) && !slices.Equal(rest, []string{"1", "2"}):
				t.Errorf("after an unknown Take: %q", rest)
			}
			if marks := b.children(path + "/marks"); len(marks) > 0 {
				t.Errorf("marks left: %v", marks)
			}
		},
	}
}

func TestQueueInterruptedAtEveryMoment(t *testing.T) {
	t.Run("put cancelled", func(t *testing.T) { everyMoment(t, putInterrupted, cancelled) })
	t.Run("put expired", func(t *testing.T) { everyMoment(t, putInterrupted, expired) })
	t.Run("take cancelled", func(t *testing.T) { everyMoment(t, takeInterrupted, cancelled) })
	t.Run("take expired", func(t *testing.T) { everyMoment(t, takeInterrupted, expired) })
}

func TestQueueTakeWaitsThroughAnExpiry(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		qa, qb := recipes.NewQueue(a.s, path), recipes.NewQueue(b.s, path)
		got := make(chan string)
		go func() {
			item, err := qa.Take(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- string(item)
		}()
		time.Sleep(50 * time.Millisecond)
		a.expire()
		within(t, "put", func(ctx context.Context) error { return qb.Put(ctx, []byte("item")) })
		if item := <-got; item != "item" {
			t.Errorf("took %q", item)
		}
		within(t, "a closes", qa.Close)
		within(t, "b closes", qb.Close)
	})
}

// TestQueueUnderContention checks that every item is taken once, and the items of each
// producer in order, while connections are cut.
func TestQueueUnderContention(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		const clients, items = 3, 40
		path := freshPath()
		var (
			mu    sync.Mutex
			taken []string
			wg    sync.WaitGroup
		)
		ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
		defer cancel()
		consuming, stop := context.WithCancel(ctx)
		for i := range clients {
			c := newClient(t, e)
			q := recipes.NewQueue(c.s, path)
			producer := make(chan struct{})
			go func() {
				defer close(producer)
				for n := range items {
					if err := q.Put(ctx, fmt.Appendf(nil, "%d %02d", i, n)); err != nil {
						t.Errorf("put: %v", err)
					}
					if n%10 == 5 {
						c.link.Cut()
					}
				}
			}()
			wg.Go(func() {
				defer func() { <-producer; within(t, "close", q.Close) }()
				for {
					item, err := q.Take(consuming)
					if consuming.Err() != nil && err != nil {
						return
					}
					if err != nil {
						t.Errorf("take: %v", err)
						return
					}
					mu.Lock()
					taken = append(taken, string(item))
					if len(taken) == clients*items {
						stop()
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		stop()
		slices.Sort(taken)
		var want []string
		for i := range clients {
			for n := range items {
				want = append(want, fmt.Sprintf("%d %02d", i, n))
			}
		}
		if diff := cmp.Diff(want, taken); diff != "" {
			t.Error(diff)
		}
	})
}

func TestQueueIgnoresForeignChildren(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		q := recipes.NewQueue(a.s, path)
		within(t, "put", func(ctx context.Context) error { return q.Put(ctx, []byte("item")) })
		foreign(t, a, path, "item")
		if got := drain(t, a, path); !slices.Equal(got, []string{"item"}) {
			t.Errorf("drained %q", got)
		}
		within(t, "close", q.Close)
	})
}

func TestQueueMisuse(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		q := recipes.NewQueue(a.s, path)
		ctx := t.Context()
		if err := q.Put(ctx, make([]byte, recipes.MaxItem+1)); !errors.Is(err, recipes.ErrTooLarge) || !noEffect(err) {
			t.Errorf("too large: %v", err)
		}
		big := make([]byte, recipes.MaxItem)
		big[0], big[len(big)-1] = 1, 2
		within(t, "put the largest", func(ctx context.Context) error { return q.Put(ctx, big) })
		within(t, "take the largest", func(ctx context.Context) error {
			item, err := q.Take(ctx)
			if !slices.Equal(item, big) {
				t.Error("it has changed")
			}
			return err
		})
		within(t, "put nothing", func(ctx context.Context) error { return q.Put(ctx, nil) })
		within(t, "take nothing", func(ctx context.Context) error { _, err := q.Take(ctx); return err })
		within(t, "close", q.Close)
		within(t, "close again", q.Close)
		if err := q.Put(ctx, nil); !errors.Is(err, recipes.ErrClosed) || !noEffect(err) {
			t.Errorf("put after close: %v", err)
		}
		if _, err := q.Take(ctx); !errors.Is(err, recipes.ErrClosed) || !noEffect(err) {
			t.Errorf("take after close: %v", err)
		}
		waiting := recipes.NewQueue(a.s, path)
		got := make(chan error)
		go func() {
			_, err := waiting.Take(ctx)
			got <- err
		}()
		time.Sleep(20 * time.Millisecond)
		within(t, "close while it waits", waiting.Close)
		if err := <-got; !errors.Is(err, recipes.ErrClosed) || !noEffect(err) {
			t.Errorf("take that waited: %v", err)
		}
	})
}
