package recipes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// allDue uses a delay queue whose items are all due: it is a priority queue by due
// times.
func allDue(q *DelayQueue) ranking {
	put := func(ctx context.Context, priority int32, item []byte) error {
		return q.Put(ctx, time.UnixMilli(1000+int64(priority)), item)
	}
	return ranking{put, q.Take, q.TryTake, q.Peek, q.Len, q.Close, func(p int32) int32 { return p }}
}

func init() {
	rankings["delay"] = func(cl *Client) ranking { return allDue(NewDelayQueue(cl, "/queue")) }
	rankings["delay, relaxed"] = func(cl *Client) ranking { return allDue(NewRelaxedDelayQueue(cl, "/queue")) }
}

// delayed runs a test with two clients of one delay queue, strict and relaxed.
func delayed(t *testing.T, test func(t *testing.T, tr *tree, q1, q2 *DelayQueue)) {
	for name, make := range map[string]func(*Client, string) *DelayQueue{"strict": NewDelayQueue, "relaxed": NewRelaxedDelayQueue} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTree()
				_, s1 := tr.connect(t, fakeTimeout)
				_, s2 := tr.connect(t, fakeTimeout)
				q1, q2 := make(s1, "/queue"), make(s2, "/queue")
				test(t, tr, q1, q2)
				must(t, q1.Close(t.Context()))
				must(t, q2.Close(t.Context()))
			})
		})
	}
}

func TestDelayQueueWaitsUntilItemsAreDue(t *testing.T) {
	delayed(t, func(t *testing.T, _ *tree, q1, q2 *DelayQueue) {
		began := time.Now()
		in := func(d time.Duration, item string) { must(t, q1.Put(t.Context(), began.Add(d), []byte(item))) }
		in(3*time.Second, "c")
		in(time.Hour, "d")
		in(time.Millisecond+1, "b") // rounded up
		in(-time.Hour, "a")
		in(3*time.Second, "c, too")
		got := map[string]time.Duration{}
		var order []string
		for range 5 {
			item, err := q2.Take(t.Context())
			must(t, err)
			got[string(item)] = withoutJitter(time.Since(began))
			order = append(order, string(item))
		}
		want := map[string]time.Duration{"a": 0, "b": 2 * time.Millisecond, "c": 3 * time.Second, "c, too": 3 * time.Second, "d": time.Hour}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"a", "b", "c", "c, too", "d"}, order); diff != "" {
			t.Error(diff)
		}
	})
}

// A client that waits for an item gets one that is put meanwhile and is due earlier.
func TestDelayQueueWakesForANearerItem(t *testing.T) {
	delayed(t, func(t *testing.T, _ *tree, q1, q2 *DelayQueue) {
		began := time.Now()
		must(t, q1.Put(t.Context(), began.Add(time.Hour), []byte("far")))
		taken := make(chan string)
		go func() {
			item, err := q2.Take(t.Context())
			taken <- fmt.Sprint(string(item), err, withoutJitter(time.Since(began)))
		}()
		synctest.Wait()
		must(t, q1.Put(t.Context(), began.Add(time.Second), []byte("near")))
		if got := <-taken; got != "near<nil> 1s" {
			t.Error(got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := q2.Take(ctx); !errors.Is(err, context.DeadlineExceeded) || !wasWithoutEffect(err) {
			t.Errorf("take of an item that is not due: %v", err)
		}
	})
}

func TestDelayQueueTriesAndCounts(t *testing.T) {
	delayed(t, func(t *testing.T, _ *tree, q1, q2 *DelayQueue) {
		must(t, q1.Put(t.Context(), time.Now().Add(time.Second), []byte("later")))
		if n, err := q2.Len(t.Context()); err != nil || n != 1 {
			t.Errorf("%d items, %v", n, err)
		}
		if _, err := q2.TryTake(t.Context()); !errors.Is(err, ErrEmpty) || !wasWithoutEffect(err) {
			t.Errorf("an item that is not due: %v", err)
		}
		if _, err := q2.Peek(t.Context()); !errors.Is(err, ErrEmpty) || !wasWithoutEffect(err) {
			t.Errorf("a peek at an item that is not due: %v", err)
		}
		time.Sleep(time.Second)
		if item, err := q2.Peek(t.Context()); err != nil || string(item) != "later" {
			t.Errorf("peek: %q, %v", item, err)
		}
		if item, err := q2.TryTake(t.Context()); err != nil || string(item) != "later" {
			t.Errorf("%q, %v", item, err)
		}
	})
}

func TestDelayQueueDueTimes(t *testing.T) {
	for due, want := range map[time.Time]int64{
		time.Unix(5, 0): 5000, time.Unix(5, 1): 5001, time.Unix(5, 999_999): 5001, time.Unix(5, 1_000_000): 5001,
		time.Unix(-5, 1): 0, {}: 0, time.UnixMilli(lastDue): lastDue,
	} {
		if got := dueMillis(due); got != want {
			t.Errorf("%v: %d, want %d", due, got, want)
		}
	}
	delayed(t, func(t *testing.T, _ *tree, q1, _ *DelayQueue) {
		for _, due := range []time.Time{time.UnixMilli(lastDue).Add(1), time.Unix(math.MaxInt64/1000_000_000, 0).AddDate(1000, 0, 0)} {
			if err := q1.Put(t.Context(), due, nil); !errors.Is(err, ErrDue) || !wasWithoutEffect(err) {
				t.Errorf("put at %v: %v", due, err)
			}
		}
	})
	name := someID + "-" + kindDue + "-" + znodes.RankText(lastDue) + "-" + "2147483647"
	if size := MaxItems * (4 + len(name)); size > 1<<20-1<<10-64*1000 {
		t.Errorf("a list of the longest names takes %d bytes", size)
	}
}

// Children that others left there never come out, and do no harm.
func TestDelayQueueIgnoresForeignChildren(t *testing.T) {
	delayed(t, func(t *testing.T, tr *tree, q1, q2 *DelayQueue) {
		must(t, q1.Put(t.Context(), time.Now(), []byte("own")))
		for _, name := range []string{"due", someID + "-item-1-", someID + "-due-x-", someID + "-due--", someID + "-due-01-", someID + "-due-", strings.Repeat("due-", 50)} {
			_, err := tr.create("/queue/"+name, nil, 2, 0)
			must(t, err)
		}
		if n, err := q2.Len(t.Context()); err != nil || n != 1 {
			t.Errorf("%d items, %v", n, err)
		}
		item, err := q2.Take(t.Context())
		if must(t, err); string(item) != "own" {
			t.Errorf("took %q", item)
		}
	})
}
