package recipes

import (
	"context"
	"testing"
	"testing/synctest"
)

// TestFenceOfAContext checks that the context of each Do has the token of its hold, if there is
// one, also when that is lost.
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

// TestFenceOfAContextIsOfItsOwnHold takes a hold anew, by the same value, while f of the lost one
// is still at work.
func TestFenceOfAContextIsOfItsOwnHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		c, s := tr.connect(t, fakeTimeout)
		l := NewLock(s, "/do")
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
		must(t, s.Close(t.Context()))
	})
}

// TestFenceWithin has holds within others.
func TestFenceWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := newTree().connect(t, fakeTimeout)
		outer, inner, lease := NewLock(s, "/outer"), NewLock(s, "/inner"), NewSemaphore(s, "/lease", 2)
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
		must(t, s.Close(t.Context()))
	})
}
