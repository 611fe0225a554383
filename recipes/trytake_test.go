package recipes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestTryTakeBesideTakes checks that TryTake does not wait for waiting takes of the same
// value, and that these get what comes, one item each, in the order of the items.
func TestTryTakeBesideTakes(t *testing.T) {
	type queue interface {
		Take(ctx context.Context) ([]byte, error)
		TryTake(ctx context.Context) ([]byte, error)
		Close(ctx context.Context) error
	}
	for name, c := range map[string]struct {
		make func(cl *Client) queue
		put  func(ctx context.Context, q queue, item string) error
	}{
		"queue": {
			func(cl *Client) queue { return NewQueue(cl, "/q") },
			func(ctx context.Context, q queue, item string) error { return q.(*Queue).Put(ctx, []byte(item)) },
		},
		"long queue": {
			func(cl *Client) queue { return NewLongQueue(cl, "/q") },
			func(ctx context.Context, q queue, item string) error { return q.(*LongQueue).Put(ctx, []byte(item)) },
		},
		"delay queue": {
			func(cl *Client) queue { return NewDelayQueue(cl, "/q") },
			func(ctx context.Context, q queue, item string) error {
				return q.(*DelayQueue).Put(ctx, time.Now().Add(time.Second), []byte(item))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, cl := newTree().connect(t, fakeTimeout)
				q := c.make(cl)
				took := make(chan string, 3)
				for range cap(took) {
					go func() {
						item, err := q.Take(t.Context())
						must(t, err)
						took <- string(item)
					}()
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for _, item := range []string{"1", "2", "3"} {
					time.Sleep(2 * time.Second)
					if _, err := q.TryTake(ctx); !errors.Is(err, ErrEmpty) {
						t.Errorf("try take: %v", err)
					}
					must(t, c.put(ctx, q, item))
					put := time.Now()
					if got := <-took; got != item || time.Since(put) > 1100*time.Millisecond {
						t.Errorf("took %s after %v, not %s", got, time.Since(put), item)
					}
				}
				must(t, q.Close(t.Context()))
			})
		})
	}
}
