package recipes

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// TestFenceOfAContext checks that the context of each Do has the token of its hold, if there is
// one, even when the hold is lost.
func TestFenceOfAContext(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, _ *tree, c *fake, d does) error {
		want := int64(0)
		if d, ok := d.(interface{ Fence() int64 }); ok {
			want = d.Fence()
		}
		if got := Fence(ctx); got != want {
			t.Errorf("token %d, want %d", got, want)
		}
		c.expire()
		<-ctx.Done()
		if got := Fence(ctx); got != want {
			t.Errorf("token %d when it was lost, want %d", got, want)
		}
		return nil
	}, func(*testing.T, error) {})
}

// TestFenceOfAContextIsOfItsOwnHold takes a new hold with the same value, while f of the lost
// hold is still at work.
func TestFenceOfAContextIsOfItsOwnHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		c, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/do")
		_ = l.Do(t.Context(), func(ctx context.Context) error {
			was := Fence(ctx)
			c.expire()
			<-ctx.Done()
			must(t, l.Lock(t.Context()))
			if got := Fence(ctx); got != was || got == 0 || l.Fence() <= was {
				t.Errorf("the lost hold's token is %d, then %d; that of the next one is %d", was, got, l.Fence())
			}
			return nil
		})
		must(t, l.Close(t.Context()))
		must(t, cl.Close(t.Context()))
	})
}

// TestFenceWithin has holds within others.
func TestFenceWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cl := newTree().connect(t, fakeTimeout)
		outer, inner, lease := NewLock(cl, "/outer"), NewLock(cl, "/inner"), NewSemaphore(cl, "/lease", 2)
		if got := Fence(t.Context()); got != 0 {
			t.Errorf("token %d of no hold", got)
		}
		must(t, outer.Do(t.Context(), func(ctx context.Context) error {
			must(t, lease.Do(ctx, func(ctx context.Context) error {
				if got := Fence(ctx); got != outer.Fence() {
					t.Errorf("token %d with a lease in a lock, want %d", got, outer.Fence())
				}
				return nil
			}))
			return inner.Do(ctx, func(inside context.Context) error {
				if got := [2]int64{Fence(ctx), Fence(inside)}; got != [2]int64{outer.Fence(), inner.Fence()} {
					t.Errorf("tokens %v, want %d and %d", got, outer.Fence(), inner.Fence())
				}
				return nil
			})
		}))
		for _, d := range []does{outer, inner, lease} {
			must(t, d.Close(t.Context()))
		}
		must(t, cl.Close(t.Context()))
	})
}

// TestWhoWaitedLongAsksAtOnce checks that a contender that has waited for long asks whether a
// quorum still knows its session when it is told that it is next, together with the list and not
// after it. A contender that has not waited for long does not ask.
func TestWhoWaitedLongAsksAtOnce(t *testing.T) {
	for wait, want := range map[time.Duration]int{time.Millisecond: 0, fakeTimeout/2 - time.Millisecond: 0, fakeTimeout / 2: 1, 5 * fakeTimeout: 1} {
		synctest.Test(t, func(t *testing.T) {
			tr := newTree()
			_, s1 := tr.connect(t, fakeTimeout)
			_, s2 := tr.connect(t, fakeTimeout)
			f, s3 := tr.connect(t, fakeTimeout)
			a, b, c := NewLock(s1, "/x"), NewLock(s2, "/x"), NewLock(s3, "/x")
			must(t, a.Lock(t.Context()))
			got := make(chan error, 2)
			go func() { got <- b.Lock(t.Context()) }()
			synctest.Wait()
			go func() { got <- c.Lock(t.Context()) }()
			time.Sleep(wait)
			lists, asks := 0, 0
			f.fail(func(op, _ string) fault {
				switch op {
				case "children":
					lists++
					return silence
				case "multi":
					asks++
				}
				return fine
			})
			must(t, a.Unlock(t.Context()))
			synctest.Wait()
			if lists != 1 || asks != want {
				t.Errorf("after %v it listed %d times and asked %d times, not %d, before there was an answer", wait, lists, asks, want)
			}
			f.fail(nil)
			close(f.spoken)
			must(t, <-got)
			must(t, b.Unlock(t.Context()))
			must(t, <-got)
			must(t, c.Unlock(t.Context()))
			for _, cl := range []*Client{s1, s2, s3} {
				must(t, cl.Close(t.Context()))
			}
		})
	}
}

// TestShortHoldCostsNothing checks that a contender that has waited for so long that a heartbeat is
// due sends none if it gives the hold back at once. A longer hold is watched over.
func TestShortHoldCostsNothing(t *testing.T) {
	for held, want := range map[time.Duration]string{fakeTimeout / 200: "map[delete:1]", fakeTimeout / 50: "map[delete:1 multi:1]"} {
		synctest.Test(t, func(t *testing.T) {
			tr := newTree()
			_, s1 := tr.connect(t, fakeTimeout)
			f, s2 := tr.connect(t, fakeTimeout)
			a, b := NewLock(s1, "/x"), NewLock(s2, "/x")
			must(t, a.Lock(t.Context()))
			got := make(chan error, 1)
			go func() { got <- b.Lock(t.Context()) }()
			time.Sleep(fakeTimeout / 3)
			must(t, a.Unlock(t.Context()))
			must(t, <-got)
			sent := map[string]int{}
			f.fail(func(op, _ string) fault { sent[op]++; return fine })
			time.Sleep(held)
			must(t, b.Unlock(t.Context()))
			if fmt.Sprint(sent) != want {
				t.Errorf("a hold of %v sent %v, not %s", held, sent, want)
			}
			f.fail(nil)
			must(t, s1.Close(t.Context()))
			must(t, s2.Close(t.Context()))
		})
	}
}

// TestWhoIsRemovedWhileItAsks checks that a contender that is removed meanwhile lines
// up again: it does not begin a hold that is over.
func TestWhoIsRemovedWhileItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		f, s2 := tr.connect(t, fakeTimeout)
		a, b := NewLock(s1, "/x"), NewLock(s2, "/x")
		must(t, a.Lock(t.Context()))
		got := make(chan error, 1)
		go func() { got <- b.Lock(t.Context()) }()
		time.Sleep(5 * fakeTimeout)
		asks := 0
		f.fail(func(op, _ string) fault {
			if op == "multi" && asks == 0 {
				asks++
				for path := range tr.nodes {
					if strings.HasPrefix(path, "/x/") {
						must(t, tr.delete(path, -1))
					}
				}
			}
			return fine
		})
		must(t, a.Unlock(t.Context()))
		must(t, <-got)
		synctest.Wait()
		if n := len(tr.children("/x")); asks != 1 || n != 1 || await.Closed(b.Lost()) {
			t.Errorf("asked %d times; %d in the line; lost: %v", asks, n, await.Closed(b.Lost()))
		}
		f.fail(nil)
		must(t, b.Unlock(t.Context()))
		must(t, s1.Close(t.Context()))
		must(t, s2.Close(t.Context()))
	})
}
