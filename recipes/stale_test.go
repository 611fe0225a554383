package recipes

import (
	"testing"
	"testing/synctest"
)

// stale runs a test with two clients; lag makes the second one's server lag behind from
// now on.
func stale(t *testing.T, test func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, lag func())) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		f2, s2 := tr.connect(t, fakeTimeout)
		test(t, tr, s1, s2, f2, func() {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			f2.lag()
		})
	})
}

func TestStaleViewOfALostCreate(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, _, s2 *Client, f2 *fake, _ func()) {
		l := NewLock(s2, "/lock")
		must(t, l.Lock(t.Context()))
		must(t, l.Unlock(t.Context()))
		f2.fail(nth(1, "create", "", lostReplyBehind))
		must(t, l.Lock(t.Context()))
		if got := tr.children("/lock"); len(got) != 1 {
			t.Errorf("contenders: %v", got)
		}
		must(t, l.Close(t.Context()))
	})
}

func TestStaleViewOfABarrier(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, _ *fake, lag func()) {
		b1, b2 := NewBarrier(s1, "/barrier"), NewBarrier(s2, "/barrier")
		lag()
		must(t, b1.Raise(t.Context()))
		passed := make(chan error, 1)
		go func() { passed <- b2.Await(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-passed:
			t.Errorf("await by a view of the past: %v", err)
		default:
		}
		must(t, b1.Lift(t.Context()))
		must(t, <-passed)

		lag()
		must(t, b1.Raise(t.Context()))
		must(t, b2.Lift(t.Context()))
		if len(tr.children("/")) != 0 {
			t.Error("not lifted")
		}
	})
}

func TestStaleViewOfAQueue(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, lag func()) {
		q1, q2 := NewQueue(s1, "/queue"), NewQueue(s2, "/queue")
		must(t, q1.Put(t.Context(), []byte("0")))
		if _, err := q2.TryTake(t.Context()); err != nil {
			t.Fatal(err)
		}
		lag() // the queue is empty there
		must(t, q1.Put(t.Context(), []byte("1")))
		must(t, q1.Put(t.Context(), []byte("2")))
		for _, want := range []string{"1", "2"} {
			got, err := q2.TryTake(t.Context())
			if err != nil || string(got) != want {
				t.Errorf("took %q, %v, want %q", got, err, want)
			}
		}
		// The reply to the removal is lost, and the next server does not know of the
		// removal.
		must(t, q1.Put(t.Context(), []byte("3")))
		must(t, q1.Put(t.Context(), []byte("4")))
		f2.fail(nth(1, "multi", "item", lostReplyBehind))
		for _, want := range []string{"3", "4"} {
			got, err := q2.Take(t.Context())
			if err != nil || string(got) != want {
				t.Errorf("took %q, %v, want %q", got, err, want)
			}
		}
		must(t, q1.Close(t.Context()))
		must(t, q2.Close(t.Context()))
		if got := tr.children("/queue"); len(got) != 1 { // the folder of marks
			t.Errorf("left behind: %v", got)
		}
	})
}

func TestStaleViewOfADoubleBarrier(t *testing.T) {
	stale(t, func(t *testing.T, tr *tree, s1, s2 *Client, f2 *fake, lag func()) {
		d1, d2 := NewDoubleBarrier(s1, "/double", 2), NewDoubleBarrier(s2, "/double", 2)
		lag()
		past := f2.behind
		entered := make(chan error, 2)
		go func() { entered <- d1.Enter(t.Context()) }()
		synctest.Wait()
		f2.fail(nth(1, "multi", "member", lostReplyBehind)) // forms the round
		go func() { entered <- d2.Enter(t.Context()) }()
		must(t, <-entered)
		must(t, <-entered)
		f2.fail(nil)
		// d2 dies inside, and a view of the past tells it that it is alone.
		left := make(chan error, 1)
		tr.mu.Lock()
		f2.renew()
		f2.behind = past
		tr.mu.Unlock()
		go func() { left <- d2.Leave(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-left:
			t.Errorf("left alone: %v", err)
		default:
		}
		must(t, d1.Leave(t.Context()))
		must(t, <-left)
		must(t, d1.Close(t.Context()))
		must(t, d2.Close(t.Context()))
	})
}

func TestStaleViewOfACounter(t *testing.T) {
	stale(t, func(t *testing.T, _ *tree, s1, s2 *Client, _ *fake, lag func()) {
		c1, c2 := NewCounter(s1, "/counter"), NewCounter(s2, "/counter")
		add := func(c *Counter, want int64) {
			t.Helper()
			sum, err := c.Add(t.Context(), 1)
			must(t, err)
			if sum != want {
				t.Errorf("sum %d, want %d", sum, want)
			}
		}
		add(c1, 1)
		lag()
		add(c1, 2)
		if n, err := c2.Cached(t.Context()); err != nil || n != 1 {
			t.Errorf("cached value %d, %v: the view does not lag", n, err)
		}
		swapped, err := c2.CompareAndSet(t.Context(), 2, 3)
		must(t, err)
		if !swapped {
			t.Error("compared with a view of the past")
		}
		lag()
		add(c1, 4)
		n, err := c2.Value(t.Context())
		must(t, err)
		if n != 4 {
			t.Errorf("value %d, want 4", n)
		}
		lag()
		add(c1, 5)
		add(c2, 6)
		must(t, c1.Close(t.Context()))
		must(t, c2.Close(t.Context()))
	})
}
