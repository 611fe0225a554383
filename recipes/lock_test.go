package recipes_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/recipes"
)

// lockWithWaiting makes a take the lock when it is free, and wait for it when b has it.
func lockWithWaiting(t *testing.T, a, b *client, path string) {
	la, lb := recipes.NewLock(a.s, path), recipes.NewLock(b.s, path)
	within(t, "a locks", la.Lock)
	if got := b.children(path); len(got) != 1 {
		t.Errorf("contenders while a holds: %v", got)
	}
	first := la.Fence()
	within(t, "a unlocks", la.Unlock)
	if got := b.children(path); len(got) != 0 {
		t.Errorf("contenders when a has unlocked: %v", got)
	}

	within(t, "b locks", lb.Lock)
	var free atomic.Bool
	got := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := la.Lock(ctx)
		if !free.Load() {
			t.Error("a has the lock while b holds it")
		}
		got <- err
	}()
	eventually(t, "a in line", func() bool { return len(b.children(path)) > 1 })
	time.Sleep(50 * time.Millisecond) // in most cases, until a watches
	free.Store(true)
	within(t, "b unlocks", lb.Unlock)
	if err := <-got; err != nil {
		t.Fatalf("a locks again: %v", err)
	}
	if !(first > 0 && lb.Fence() == 0 && la.Fence() > first) {
		t.Errorf("tokens %d, then %d", first, la.Fence())
	}
	if la.Session() != a.conn.SessionID() {
		t.Errorf("hold of session %x, not %x", la.Session(), a.conn.SessionID())
	}
	within(t, "a unlocks again", la.Unlock)
	within(t, "a closes", la.Close)
	within(t, "b closes", lb.Close)
	if got := b.children(path); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestLockSurvivesEveryLoss(t *testing.T) { everyBlow(t, simulated, losses, lockWithWaiting) }

// go-zookeeper's CreateProtectedEphemeralSequential leaves a znode behind when the
// replies to the create and to the look-up are lost; CURATOR-315 is a defect of the
// same kind.
func TestLockSurvivesEveryTwoLosses(t *testing.T) {
	everyBlow(t, simulated, twoReplies, lockWithWaiting)
}

// lockInterrupted makes a wait behind b, unless behind is false.
func lockInterrupted(behind bool) func() interrupted {
	return func() interrupted {
		var la, lb *recipes.Lock
		return interrupted{
			prepare: func(t *testing.T, a, b *client, path string) {
				la, lb = recipes.NewLock(a.s, path), recipes.NewLock(b.s, path)
				if behind {
					within(t, "b locks", lb.Lock)
				}
			},
			act: func(ctx context.Context, _ *client, _ string) error { return la.Lock(ctx) },
			done: func(t *testing.T, _, b *client, path string, err error) {
				if err != nil && !noEffect(err) {
					t.Errorf("error without NoEffect: %v", err)
				}
				if behind && err == nil {
					t.Error("a has the lock while b holds it")
				}
				if behind {
					within(t, "b unlocks", lb.Unlock)
				} else if err == nil {
					// Either the lock is given back properly, or it had been lost.
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					defer cancel()
					if err := la.Unlock(ctx); err != nil && !errors.Is(err, recipes.ErrLost) {
						t.Errorf("a unlocks: %v", err)
					}
				}
				within(t, "b locks after it", lb.Lock)
				within(t, "b unlocks after it", lb.Unlock)
				within(t, "a locks after it", la.Lock)
				within(t, "a unlocks after it", la.Unlock)
				within(t, "a closes", la.Close)
				if got := b.children(path); len(got) != 0 {
					t.Errorf("left behind: %v", got)
				}
			},
		}
	}
}

// CURATOR-79, kazoo #732: a client that gives up stays in line.
func TestLockCancelledAtEveryMoment(t *testing.T) {
	t.Run("free", func(t *testing.T) { everyMoment(t, lockInterrupted(false), cancelled) })
	t.Run("waiting", func(t *testing.T) { everyMoment(t, lockInterrupted(true), cancelled) })
}

// CURATOR-604: a client mistakes the znode of its earlier session for its own.
func TestLockExpiredAtEveryMoment(t *testing.T) {
	t.Run("free", func(t *testing.T) { everyMoment(t, lockInterrupted(false), expired) })
	t.Run("waiting", func(t *testing.T) { everyMoment(t, lockInterrupted(true), expired) })
}

// CURATOR-678: after an Unlock whose delete got no reply, no client gets the lock.
func TestLockUnlockInterrupted(t *testing.T) {
	unlock := func() interrupted {
		var la *recipes.Lock
		return interrupted{
			prepare: func(t *testing.T, a, _ *client, path string) {
				la = recipes.NewLock(a.s, path)
				within(t, "a locks", la.Lock)
			},
			act: func(ctx context.Context, _ *client, _ string) error { return la.Unlock(ctx) },
			done: func(t *testing.T, _, b *client, path string, err error) {
				if noEffect(err) {
					t.Errorf("no effect: %v", err)
				}
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				if err := la.Unlock(ctx); !errors.Is(err, recipes.ErrNotHeld) || !noEffect(err) {
					t.Errorf("a second Unlock: %v", err)
				}
				within(t, "a locks again", la.Lock)
				within(t, "a unlocks again", la.Unlock)
				within(t, "a closes", la.Close)
				if got := b.children(path); len(got) != 0 {
					t.Errorf("left behind: %v", got)
				}
			},
		}
	}
	t.Run("cancelled", func(t *testing.T) { everyMoment(t, unlock, cancelled) })
	t.Run("expired", func(t *testing.T) { everyMoment(t, unlock, expired) })
}

func TestLockHolderIsToldOfExpiry(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		la, lb := recipes.NewLock(a.s, path), recipes.NewLock(b.s, path)
		within(t, "a locks", la.Lock)
		lost := la.Lost()
		select {
		case <-lost:
			t.Fatal("lost before it was")
		default:
		}
		a.expire()
		select {
		case <-lost:
		case <-time.After(patience):
			t.Fatal("not told")
		}
		within(t, "b locks", lb.Lock)
		ctx := t.Context()
		if err := la.Unlock(ctx); !errors.Is(err, recipes.ErrLost) || noEffect(err) {
			t.Errorf("unlock of a lost hold: %v", err)
		}
		if err := la.Unlock(ctx); !errors.Is(err, recipes.ErrNotHeld) {
			t.Errorf("and again: %v", err)
		}
		within(t, "b unlocks", lb.Unlock)
		within(t, "a locks again", la.Lock)
		within(t, "a closes with the lock held", la.Close)
		within(t, "b locks again", lb.Lock)
		within(t, "b closes", lb.Close)
		if got := b.children(path); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
	})
}

func TestLockIsLostWhenItsZnodeIsRemoved(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		la := recipes.NewLock(a.s, path)
		within(t, "a locks", la.Lock)
		remove := func() {
			for _, name := range b.children(path) {
				if err := b.conn.Delete(path+"/"+name, -1); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Writing to a contender does no harm.
		for _, name := range b.children(path) {
			if _, err := b.conn.Set(path+"/"+name, []byte("x"), -1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		select {
		case <-la.Lost():
			t.Fatal("lost because somebody wrote to it")
		default:
		}
		removed := time.Now()
		remove()
		select {
		case <-la.Lost():
		case <-time.After(patience):
			t.Fatal("not told")
		}
		if took := time.Since(removed); took > timeout/12 {
			t.Errorf("told after %v, by a beat", took)
		}
		// A lost hold need not be given back. The whole folder may also go.
		if err := b.conn.Delete(path, -1); err != nil {
			t.Fatal(err)
		}
		within(t, "a locks again", la.Lock)
		within(t, "a closes", la.Close)
	})
}

func TestLockWaiterLinesUpAgain(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a, b := newClient(t, e), newClient(t, e)
		path := freshPath()
		la, lb := recipes.NewLock(a.s, path), recipes.NewLock(b.s, path)
		within(t, "b locks", lb.Lock)
		got := make(chan error, 1)
		go func() { got <- la.Lock(t.Context()) }()
		eventually(t, "a in line", func() bool { return len(b.children(path)) == 2 })
		time.Sleep(50 * time.Millisecond)
		for _, name := range b.children(path) {
			_ = b.conn.Delete(path+"/"+name, -1)
		}
		if err := <-got; err != nil {
			t.Errorf("a: %v", err)
		}
		within(t, "a closes", la.Close)
		within(t, "b closes", lb.Close)
	})
}

// TestLockBehindOneWhoGivesUp makes the contender ahead of a waiter leave the line,
// while another one still holds the lock.
func TestLockBehindOneWhoGivesUp(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		path := freshPath()
		var locks []*recipes.Lock
		var c *client
		for range 3 {
			c = newClient(t, e)
			locks = append(locks, recipes.NewLock(c.s, path))
		}
		within(t, "first", locks[0].Lock)
		second := stays(t, "second", locks[1].Lock)
		third := stays(t, "third", locks[2].Lock)
		_ = second.stop()
		eventually(t, "the second one gone", func() bool { return len(c.children(path)) == 2 })
		select {
		case err := <-third.got:
			t.Fatalf("third: %v while the first holds the lock", err)
		case <-time.After(100 * time.Millisecond):
		}
		within(t, "first unlocks", locks[0].Unlock)
		if err := third.ends(); err != nil {
			t.Errorf("third: %v", err)
		}
		for _, l := range locks {
			within(t, "close", l.Close)
		}
	})
}

// TestLockUnderContention counts the clients inside while connections are cut.
func TestLockUnderContention(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		const clients, turns = 4, 15
		path := freshPath()
		var inside, grants atomic.Int32
		var token atomic.Int64
		var wg sync.WaitGroup
		for i := range clients {
			c := newClient(t, e)
			l := recipes.NewLock(c.s, path)
			wg.Go(func() {
				defer within(t, "close", l.Close)
				for n := range turns {
					if (n+i)%5 == 0 {
						time.AfterFunc(time.Duration(n)*time.Millisecond, func() { c.link.Cut() })
					}
					within(t, "lock", l.Lock)
					if inside.Add(1) != 1 {
						t.Error("two inside")
					}
					if last := token.Swap(l.Fence()); last >= l.Fence() {
						t.Errorf("token %d after %d", l.Fence(), last)
					}
					time.Sleep(time.Millisecond)
					inside.Add(-1)
					grants.Add(1)
					within(t, "unlock", l.Unlock)
				}
			})
		}
		wg.Wait()
		if n := grants.Load(); n != clients*turns {
			t.Errorf("%d grants", n)
		}
	})
}

func TestLockIgnoresForeignChildren(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		la := recipes.NewLock(a.s, path)
		within(t, "a locks", la.Lock)
		within(t, "a unlocks", la.Unlock)
		foreign(t, a, path, "lock")
		within(t, "a locks beside them", la.Lock)
		within(t, "a unlocks beside them", la.Unlock)
		within(t, "a closes", la.Close)
	})
}

func TestLockMisuse(t *testing.T) {
	simulated(t, func(t *testing.T, e ensemble.Ensemble) {
		a := newClient(t, e)
		path := freshPath()
		la := recipes.NewLock(a.s, path)
		ctx := t.Context()
		refuses := refusing(t)
		refuses(la.Unlock(ctx), recipes.ErrNotHeld)
		select {
		case <-la.Lost():
		default:
			t.Error("Lost is open although nothing is held")
		}
		within(t, "lock", la.Lock)
		refuses(la.Lock(ctx), recipes.ErrHeld)
		within(t, "unlock", la.Unlock)
		within(t, "close", la.Close)
		within(t, "close again", la.Close)
		refuses(la.Lock(ctx), recipes.ErrClosed)
		refuses(la.Unlock(ctx), recipes.ErrClosed)
		bad := recipes.NewLock(a.s, "no/slash")
		if err := bad.Lock(ctx); err == nil || !noEffect(err) {
			t.Errorf("bad path: %v", err)
		}
		over, cancel := context.WithCancel(ctx)
		cancel()
		refuses(recipes.NewLock(a.s, path).Lock(over), context.Canceled)

		cl := recipes.NewClient(a.conn, nil, timeout)
		within(t, "close session", cl.Close)
		within(t, "close session again", cl.Close)
		refuses(recipes.NewLock(cl, path).Lock(ctx), recipes.ErrClosed)
	})
}
