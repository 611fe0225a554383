package recipes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/zklab/zklab/internal/base/await"
)

// TestTryLockAtEveryRequest tries a lock that is free.
func TestTryLockAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		la, lb := NewLock(m.a, m.path), NewLock(m.b, m.path)
		var locked bool
		err := m.during(ctx, func(ctx context.Context) (err error) {
			locked, err = la.TryLock(ctx)
			return err
		})
		m.settled(t, "try lock", err)
		// A create that is carried out in the next session leaves a contender that is in
		// the way.
		if err == nil && !locked && !m.expires() {
			t.Error("not locked, though nobody else was there")
		}
		if locked != (la.Fence() != 0) {
			t.Errorf("locked is %v, with token %d", locked, la.Fence())
		}
		if locked {
			if other, err := lb.TryLock(ctx); err != nil || other {
				t.Errorf("b tries what a has: %v, %v", other, err)
			}
			if err := la.Unlock(ctx); err != nil && !errors.Is(err, ErrLost) {
				t.Errorf("unlock: %v", err)
			}
		}
		must(t, la.Close(ctx))
		if locked, err := lb.TryLock(ctx); err != nil || !locked {
			t.Errorf("b tries what a has left: %v, %v", locked, err)
		}
		must(t, lb.Close(ctx))
		m.empty(t)
	})
}

// TestTryLockBehindAHolderAtEveryRequest tries a lock that another client holds.
func TestTryLockBehindAHolderAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		la, lb := NewLock(m.a, m.path), NewLock(m.b, m.path)
		must(t, lb.Lock(ctx))
		err := m.during(ctx, func(ctx context.Context) error {
			locked, err := la.TryLock(ctx)
			if locked {
				t.Error("locked what b has")
			}
			return err
		})
		m.settled(t, "try lock", err)
		if err == nil && m.fate == fine && !m.cancels && len(m.tr.children(m.path)) != 1 {
			t.Errorf("still in line: %v", m.tr.children(m.path))
		}
		if await.Closed(lb.Lost()) {
			t.Error("b has lost it")
		}
		must(t, lb.Unlock(ctx))
		must(t, la.Lock(ctx)) // nothing that the try left is in its way for ever
		must(t, la.Close(ctx))
		must(t, lb.Close(ctx))
		m.empty(t)
	})
}

// TestTryLockBesideAWaiter makes one client try while another one waits: the waiter
// stays in line, and gets the lock when it is free.
func TestTryLockBesideAWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		var locks []*Lock
		for range 3 {
			_, cl := tr.connect(t, fakeTimeout)
			locks = append(locks, NewLock(cl, "/lock"))
		}
		must(t, locks[0].Lock(t.Context()))
		got := make(chan error, 1)
		go func() { got <- locks[1].Lock(t.Context()) }()
		synctest.Wait()
		for range 3 {
			if locked, err := locks[2].TryLock(t.Context()); err != nil || locked {
				t.Errorf("try: %v, %v", locked, err)
			}
		}
		if n := len(tr.children("/lock")); n != 2 {
			t.Errorf("%d contenders", n)
		}
		must(t, locks[0].Unlock(t.Context()))
		must(t, <-got)
		if _, err := locks[1].TryLock(t.Context()); !errors.Is(err, ErrHeld) {
			t.Errorf("try of what it has: %v", err)
		}
		for _, l := range locks {
			must(t, l.Close(t.Context()))
		}
	})
}

// TestTryLockIgnoresPersistentLookalikes has a persistent znode of the right name ahead.
func TestTryLockIgnoresPersistentLookalikes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		for _, path := range []string{"/lock", "/lock/" + someID + "-lock-0000000000"} {
			if _, err := f.Create(path, nil, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		l := NewLock(cl, "/lock")
		if locked, err := l.TryLock(t.Context()); err != nil || !locked {
			t.Errorf("try: %v, %v", locked, err)
		}
		must(t, l.Close(t.Context()))
	})
}
