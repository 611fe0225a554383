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

func init() {
	rankings["bounded"] = func(cl *Client) ranking {
		q := NewBoundedQueue(cl, "/queue", 6)
		put := func(ctx context.Context, _ int32, item []byte) error { return q.Put(ctx, item) }
		return ranking{put, q.Take, q.TryTake, q.Peek, q.Len, q.Close, func(int32) int32 { return 0 }}
	}
}

func TestBoundedQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		_, s2 := tr.connect(t, fakeTimeout)
		q1, q2 := NewBoundedQueue(s1, "/queue", 3), NewBoundedQueue(s2, "/queue", 3)
		for range 3 {
			must(t, q1.Put(t.Context(), nil))
		}
		if err := q2.TryPut(t.Context(), nil); !errors.Is(err, ErrFull) || !wasWithoutEffect(err) {
			t.Errorf("a fourth item: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := q1.Put(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || !wasWithoutEffect(err) {
			t.Errorf("a fourth item: %v", err)
		}
		put := make(chan time.Duration)
		began := time.Now()
		go func() {
			must(t, q1.Put(t.Context(), nil))
			put <- time.Since(began)
		}()
		time.Sleep(time.Second)
		_, err := q2.Take(t.Context())
		must(t, err)
		if at := <-put; at != time.Second {
			t.Errorf("put %v after it was asked for, with room after 1s", at)
		}
		if n, err := q2.Len(t.Context()); err != nil || n != 3 {
			t.Errorf("%d items, %v", n, err)
		}
		must(t, NewBoundedQueue(s2, "/queue", 4).TryPut(t.Context(), nil))
		must(t, q1.Close(t.Context()))
		must(t, q2.Close(t.Context()))
		_, err = tr.set("/queue/size", []byte("x"), -1)
		must(t, err)
		q3 := NewBoundedQueue(s1, "/queue", 9)
		if err := q3.Put(t.Context(), nil); !errors.Is(err, ErrNoSize) || !wasWithoutEffect(err) {
			t.Errorf("with a size that is none: %v", err)
		}
		must(t, q3.Close(t.Context()))
	})
}

// At no request of any client are there more items than the capacity, although many clients
// put at once, replies get lost, and servers lag; and the recorded size equals the number of
// items.
func TestBoundedQueueUnderContention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		const clients, each, capacity = 4, 30, 3
		most, requests := 0, 0
		fate := func(f *fake) fault {
			requests++
			n := 0
			for path := range tr.nodes {
				if strings.Contains(path, "-bounded-") {
					n++
				}
			}
			most = max(most, n)
			switch requests % 17 {
			case 3:
				return lostReply
			case 9:
				time.AfterFunc(fakeTimeout/10, f.catchUp)
				return lostReplyBehind
			}
			return fine
		}
		out := map[string]bool{}
		var mu sync.Mutex
		var all sync.WaitGroup
		var ends []func()
		for c := range clients {
			f, cl := tr.connect(t, fakeTimeout)
			f.fail(func(string, string) fault { return fate(f) })
			q := NewBoundedQueue(cl, "/queue", capacity)
			all.Go(func() {
				for i := range each {
					must(t, q.Put(t.Context(), fmt.Appendf(nil, "%d %d", c, i)))
				}
			})
			all.Go(func() {
				for range each {
					time.Sleep(time.Millisecond)
					item, err := q.Take(t.Context())
					must(t, err)
					mu.Lock()
					if out[string(item)] {
						t.Errorf("%s came out twice", item)
					}
					out[string(item)] = true
					mu.Unlock()
				}
			})
			ends = append(ends, func() { must(t, q.Close(t.Context())); must(t, cl.Close(t.Context())) })
		}
		all.Wait()
		for _, end := range ends {
			end()
		}
		v, err := tr.get("/queue/size")
		must(t, err)
		if most != capacity || len(out) != clients*each || string(v.Data) != "0" {
			t.Errorf("at most %d items, of %d wanted; %d of %d came out; the size is %s", most, capacity, len(out), clients*each, v.Data)
		}
	})
}
