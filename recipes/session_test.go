package recipes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
)

const fakeTimeout = 6 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refusing checks that a call was refused, for a reason and without effect.
func refusing(t *testing.T) func(err, want error) {
	return func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) || !isWithoutEffect(err) {
			t.Errorf("got %v, want %v without effect", err, want)
		}
	}
}

// TestHoldIsLostBySilence checks the moment: one timeout after the last answered
// request was sent, neither later nor much earlier.
func TestHoldIsLostBySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		time.Sleep(10 * fakeTimeout)
		if await.Closed(l.Lost()) {
			t.Fatal("lost although the servers answer")
		}
		var answered time.Time
		f.fail(func(string, string) fault { answered = time.Now(); return fine })
		time.Sleep(fakeTimeout) // for some more heartbeats
		f.fail(func(string, string) fault { return silence })
		lost := l.Lost()
		<-lost
		if after := time.Since(answered); after > fakeTimeout || withoutJitter(after) != fakeTimeout {
			t.Errorf("lost %v after the last answered request was sent", after)
		}

		// The same session speaks again: the lost hold stays lost, and is removed.
		f.fail(nil)
		close(f.spoken)
		synctest.Wait()
		time.Sleep(time.Second)
		if !await.Closed(l.Lost()) {
			t.Error("a lost hold has come back")
		}
		if left := tr.children("/lock"); len(left) != 0 {
			t.Errorf("contenders of a lost hold: %v", left)
		}
		if err := l.Unlock(t.Context()); !errors.Is(err, ErrLost) {
			t.Errorf("unlock: %v", err)
		}
		must(t, l.Lock(t.Context()))
		if await.Closed(l.Lost()) {
			t.Error("lost in a session that lives")
		}
		must(t, l.Close(t.Context()))
	})
}

// TestHoldIsLostWhileDisconnected does the same with a connection that is down.
func TestHoldIsLostWhileDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		began := time.Now()
		f.connected(false)
		<-l.Lost()
		if after := time.Since(began); after > fakeTimeout || withoutJitter(after) != fakeTimeout {
			t.Errorf("lost after %v", after)
		}
		f.connected(true)
		must(t, l.Close(t.Context()))
		if left := tr.children("/lock"); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// TestExpiryIsNoticedWithoutEvents makes the channel lose all events.
func TestExpiryIsNoticedWithoutEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		lost := l.Lost()
		tr.mu.Lock()
		f.renew()
		tr.mu.Unlock()
		began := time.Now()
		<-lost
		if after := time.Since(began); after > fakeTimeout/10 {
			t.Errorf("noticed after %v", after)
		}
		if cl.ID() != f.SessionID() {
			t.Error("wrong session")
		}
		must(t, l.Lock(t.Context()))
		if l.Session() != f.SessionID() {
			t.Error("hold of the wrong session")
		}
		must(t, l.Close(t.Context()))
	})
}

// TestLateEventsDoNotHarm makes the events of an expiry arrive long after it.
func TestLateEventsDoNotHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		tr.mu.Lock()
		f.renew()
		tr.mu.Unlock()
		l := NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		f.events <- zk.Event{Type: zk.EventSession, State: zk.StateExpired}
		f.events <- zk.Event{Type: zk.EventSession, State: zk.StateDisconnected}
		time.Sleep(time.Second)
		if await.Closed(l.Lost()) {
			t.Error("lost by an event about an earlier session")
		}
		must(t, l.Close(t.Context()))
	})
}

// TestCreateCarriedOutInALaterSession checks that a contender that was created in a
// later session is not counted as the caller's own, and is removed, and that Lock goes
// on with another one.
func TestCreateCarriedOutInALaterSession(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tr := newTree()
			f, cl := tr.connect(t, fakeTimeout)
			l := NewLock(cl, "/lock")
			must(t, l.Lock(t.Context()))
			must(t, l.Unlock(t.Context()))
			f.fail(nth(1, "create", "", nextSession))
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if cancel { // while the request waits to be sent
				f.fail(nth(1, "create", "", silence))
				go func() {
					time.Sleep(time.Second)
					stop()
					time.Sleep(time.Second)
					f.expire()
					close(f.spoken)
				}()
			}
			err := l.Lock(ctx)
			if !cancel {
				must(t, err)
				if l.Session() != f.SessionID() || len(tr.children("/lock")) != 1 {
					t.Errorf("session %x, contenders %v", l.Session(), tr.children("/lock"))
				}
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("lock: %v", err)
			}
			must(t, l.Close(t.Context()))
			if left := tr.children("/lock"); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestCancelledLockReturnsAtOnce checks that a cancelled Lock returns although its
// create is never answered, and that Close waits for the clean-up.
func TestCancelledLockReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		must(t, l.Unlock(t.Context()))
		f.fail(nth(1, "create", "", silence))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		if err := l.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("lock: %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
		if err := l.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close did not wait: %v", err)
		}
		close(f.spoken)
		must(t, l.Close(t.Context()))
		if left := tr.children("/lock"); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// TestWaiterSurvivesALostWatch loses the event that the contender ahead is gone, as
// go-zookeeper can lose it during two reconnects in a row.
func TestWaiterSurvivesALostWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		f2, s2 := tr.connect(t, fakeTimeout)
		l1, l2 := NewLock(s1, "/lock"), NewLock(s2, "/lock")
		must(t, l1.Lock(t.Context()))
		got := make(chan error)
		go func() { got <- l2.Lock(t.Context()) }()
		synctest.Wait()
		tr.mu.Lock()
		clear(f2.watches)
		tr.mu.Unlock()
		must(t, l1.Unlock(t.Context()))
		began := time.Now()
		must(t, <-got)
		if took := time.Since(began); withoutJitter(took) > fakeTimeout {
			t.Errorf("took %v", took)
		}
		for _, l := range []*Lock{l1, l2} {
			must(t, l.Close(t.Context()))
		}
	})
}

// TestPollingLeavesNoWatches checks that calls that give up again and again share
// watches.
func TestPollingLeavesNoWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, s1 := tr.connect(t, fakeTimeout)
		f2, s2 := tr.connect(t, fakeTimeout)
		l1, l2 := NewLock(s1, "/lock"), NewLock(s2, "/lock")
		must(t, l1.Lock(t.Context()))
		for range 100 {
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			if err := l2.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			stop()
		}
		must(t, l2.Close(t.Context()))
		tr.mu.Lock()
		n := 0
		for _, channels := range f2.watches {
			n += len(channels)
		}
		tr.mu.Unlock()
		if n > 1 {
			t.Errorf("%d watches are left", n)
		}
		must(t, l1.Close(t.Context()))
	})
}

// TestSessionCloseEndsEverything checks that closing the client ends everything,
// including what could never end otherwise.
func TestSessionCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l, waiter := NewLock(cl, "/lock"), NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		got := make(chan error, 1)
		go func() { got <- waiter.Lock(t.Context()) }()
		synctest.Wait()
		f.fail(func(op, _ string) fault {
			if op == "delete" {
				return lostRequest
			}
			return fine
		})
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := l.Unlock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("unlock: %v", err)
		}
		if err := cl.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		if err := <-got; !errors.Is(err, ErrClosed) {
			t.Errorf("waiter: %v", err)
		}
		if err := l.Lock(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("lock after close: %v", err)
		}
		if cl.ID() != 0 {
			t.Error("closed session has an id")
		}
		must(t, cl.Close(t.Context()))
		must(t, l.Close(t.Context()))
		must(t, waiter.Close(t.Context()))
	})
}

// TestHolderDoesNotPester makes the holder lose the right to look at its own znode,
// after another client wrote to it.
func TestHolderDoesNotPester(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/lock")
		must(t, l.Lock(t.Context()))
		looks := 0
		f.fail(func(op, _ string) fault {
			if op != "getW" {
				return fine
			}
			looks++
			return refused
		})
		if _, err := f.Set("/lock/"+tr.children("/lock")[0], nil, -1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(fakeTimeout)
		f.fail(nil)
		if looks == 0 || looks > 21 {
			t.Errorf("%d looks in one timeout", looks)
		}
		if await.Closed(l.Lost()) {
			t.Error("lost")
		}
		must(t, l.Close(t.Context()))
	})
}

// Await waits for a session whose server answers.
func TestAwaitSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cl := newTree().connect(t, fakeTimeout)
		must(t, cl.Await(t.Context()))

		f.connected(false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := cl.Await(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("without a server: %v, after %s", err, time.Since(began))
		}

		time.AfterFunc(time.Second, func() { f.connected(true) })
		began = time.Now()
		must(t, cl.Await(t.Context()))
		if took := time.Since(began); took < time.Second || took > time.Second+fakeTimeout/10 {
			t.Errorf("connected after a second, and told after %s", took)
		}

		must(t, cl.Close(t.Context()))
		if err := cl.Await(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}
