package recipes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// twoEach returns a long queue whose folders take two items.
func twoEach(cl *Client) *LongQueue {
	q := NewLongQueue(cl, "/queue")
	q.room.most = 2
	return q
}

func init() {
	rankings["long"] = func(cl *Client) ranking {
		q := twoEach(cl)
		put := func(ctx context.Context, _ int32, item []byte) error { return q.Put(ctx, item) }
		return ranking{put, q.Take, q.TryTake, q.Peek, q.Len, q.Close, func(int32) int32 { return 0 }}
	}
}

func TestLongQueueOrderAcrossFolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		_, s2 := tr.connect(t, fakeTimeout)
		q1, q2 := twoEach(s1), twoEach(s2)
		for i := range 9 {
			must(t, []*LongQueue{q1, q2}[i%2].Put(t.Context(), fmt.Append(nil, i)))
		}
		if n, err := q2.Len(t.Context()); err != nil || n != 9 {
			t.Errorf("%d items, %v", n, err)
		}
		if got := tr.children("/queue"); strings.Join(got, " ") != "0000000000 0000000001 0000000002 0000000003 0000000004 marks tail" {
			t.Errorf("folders: %v", got)
		}
		for i := range 9 {
			peeked, err := q2.Peek(t.Context())
			must(t, err)
			item, err := []*LongQueue{q2, q1, q1}[i%3].Take(t.Context())
			must(t, err)
			if string(peeked) != string(item) {
				t.Errorf("peeked at %s, took %s", peeked, item)
			}
			if string(item) != fmt.Sprint(i) {
				t.Errorf("took %s, want %d", item, i)
			}
		}
		if _, err := q2.TryTake(t.Context()); !errors.Is(err, ErrEmpty) || !wasWithoutEffect(err) {
			t.Errorf("take of nothing: %v", err)
		}
		if _, err := q2.Peek(t.Context()); !errors.Is(err, ErrEmpty) || !wasWithoutEffect(err) {
			t.Errorf("peek at nothing: %v", err)
		}
		must(t, q1.Close(t.Context()))
		must(t, q2.Close(t.Context()))
		if got := tr.children("/queue"); strings.Join(got, " ") != "0000000004 marks tail" {
			t.Errorf("left: %v", got)
		}
	})
}

// If many clients put and take at once, each gets the items of each producer in the order
// in which they were put in, and each item comes out once.
func TestLongQueueContention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		const clients, each = 4, 40
		var mu sync.Mutex
		out := map[string]int{}
		var all sync.WaitGroup
		var closed []func()
		for c := range clients {
			_, cl := tr.connect(t, fakeTimeout)
			q := twoEach(cl)
			all.Go(func() {
				for i := range each {
					time.Sleep(time.Duration(c*i%7) * time.Millisecond)
					must(t, q.Put(t.Context(), fmt.Appendf(nil, "%d %d", c, i)))
				}
			})
			all.Go(func() {
				last := map[int]int{}
				for range each {
					item, err := q.Take(t.Context())
					must(t, err)
					var by, n int
					_, _ = fmt.Sscan(string(item), &by, &n)
					if before, ok := last[by]; ok && before > n {
						t.Errorf("client %d got %s after item %d of that", c, item, before)
					}
					last[by] = n
					mu.Lock()
					out[string(item)]++
					mu.Unlock()
				}
			})
			closed = append(closed, func() { must(t, q.Close(t.Context())); must(t, cl.Close(t.Context())) })
		}
		all.Wait()
		for item, n := range out {
			if n != 1 {
				t.Errorf("%s came out %d times", item, n)
			}
		}
		if len(out) != clients*each {
			t.Errorf("%d of %d items came out", len(out), clients*each)
		}
		for _, f := range closed {
			f()
		}
	})
}

// A server that lags shows folders that are gone and lacks new ones. Nothing is skipped.
func TestStaleViewOfALongQueue(t *testing.T) {
	stale(t, func(t *testing.T, _ *tree, s1, s2 *Client, _ *fake, lag func()) {
		q1, q2 := twoEach(s1), twoEach(s2)
		put := func(items ...string) {
			for _, item := range items {
				must(t, q1.Put(t.Context(), []byte(item)))
			}
		}
		takes := func(q *LongQueue, items ...string) {
			t.Helper()
			for _, want := range items {
				got, err := q.TryTake(t.Context())
				if err != nil || string(got) != want {
					t.Errorf("took %q, %v, want %q", got, err, want)
				}
			}
		}
		put("1")
		lag()
		put("2", "3", "4", "5")
		takes(q2, "1", "2")
		lag()
		takes(q1, "3", "4")
		put("6", "7", "8")
		takes(q2, "5", "6")
		lag()
		put("9")
		must(t, q2.Put(t.Context(), []byte("10")))
		takes(q1, "7", "8", "9", "10")
		must(t, q1.Close(t.Context()))
		must(t, q2.Close(t.Context()))
	})
}

// Znodes that others leave in the queue never come out as items, and do no harm for
// long.
func TestLongQueueAmongForeignChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		q := twoEach(cl)
		must(t, q.Put(t.Context(), []byte("1")))
		for _, path := range []string{"/queue/0000000000/other", "/queue/1", "/queue/-000000001", "/queue/" + someID + "-item-0000000000"} {
			_, err := tr.create(path, nil, 0, 0)
			must(t, err)
		}
		for _, item := range []string{"2", "3", "4"} {
			must(t, q.Put(t.Context(), []byte(item)))
		}
		for i := range 4 {
			item, err := q.TryTake(t.Context())
			if err != nil || string(item) != fmt.Sprint(i+1) {
				t.Errorf("took %q, %v", item, err)
			}
		}
		if _, err := q.TryTake(t.Context()); !errors.Is(err, ErrEmpty) {
			t.Error(err)
		}
		_, err := tr.set("/queue/tail", []byte("x"), -1)
		must(t, err)
		if _, err := q.TryTake(t.Context()); !errors.Is(err, ErrNoTail) || !wasWithoutEffect(err) {
			t.Errorf("with a tail that is none: %v", err)
		}
		must(t, q.Close(t.Context()))
	})
}

// TestLongQueueWithoutItsFolder checks that the last folder is created again if another
// client removed it.
func TestLongQueueWithoutItsFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cl := newTree().connect(t, fakeTimeout)
		q := twoEach(cl)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		removed := func() { must(t, f.Delete("/queue/"+folderName(0), -1)) }
		must(t, q.Put(ctx, []byte("1")))
		_, err := q.Take(ctx)
		must(t, err)
		removed()
		must(t, q.Put(ctx, []byte("2")))
		item, err := q.Take(ctx)
		must(t, err)
		if string(item) != "2" {
			t.Errorf("took %q", item)
		}
		removed()
		if _, err := q.TryTake(ctx); !errors.Is(err, ErrEmpty) {
			t.Errorf("try take: %v", err)
		}
		must(t, q.Close(ctx))
		must(t, cl.Close(ctx))
	})
}

// TestLongQueueWithoutItsTail checks that if another client removed only the tail, no
// client creates another one, neither before nor behind the folders that exist.
func TestLongQueueWithoutItsTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		q := twoEach(cl)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 5 {
			must(t, q.Put(ctx, nil))
		}
		for range 3 { // the first folder is empty, and is removed
			_, err := q.Take(ctx)
			must(t, err)
		}
		must(t, f.Delete("/queue/tail", -1))
		before := strings.Join(tr.children("/queue"), " ")
		for call, f := range map[string]func() error{
			"put":      func() error { return q.Put(ctx, nil) },
			"peek":     func() error { _, err := q.Peek(ctx); return err },
			"take":     func() error { _, err := twoEach(cl).Take(ctx); return err },
			"try take": func() error { _, err := twoEach(cl).TryTake(ctx); return err },
		} {
			if err := f(); !errors.Is(err, ErrNoTail) || !wasWithoutEffect(err) {
				t.Errorf("%s: %v", call, err)
			}
		}
		if after := strings.Join(tr.children("/queue"), " "); after != before && after != before+" marks" {
			t.Errorf("%s became %s", before, after)
		}
		_, err := f.Create("/queue/tail", []byte("2"), 0, nil)
		must(t, err)
		must(t, twoEach(cl).Put(ctx, nil))
		if n, err := q.Len(ctx); n != 3 || err != nil {
			t.Errorf("%d items, %v", n, err)
		}
		must(t, q.Close(ctx))
		must(t, cl.Close(ctx))
	})
}
