package recipes

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// does is offered by every hold: a call for as long as it lasts.
type does interface {
	Do(ctx context.Context, f func(context.Context) error) error
	Close(ctx context.Context) error
	Session() int64
}

// held has all kinds of holds on a path.
var held = map[string]func(cl *Client, path string) does{
	"lock":       func(cl *Client, path string) does { return NewLock(cl, path) },
	"election":   func(cl *Client, path string) does { return NewElection(cl, path, "id") },
	"semaphore":  func(cl *Client, path string) does { return NewSemaphore(cl, path, 1) },
	"multi-lock": func(cl *Client, path string) does { return NewMultiLock(cl, path, path+"-too") },
	"read":       func(cl *Client, path string) does { return reading{NewRWLock(cl, path)} },
	"write":      func(cl *Client, path string) does { return NewRWLock(cl, path) },
}

// TestDoAtEveryRequest makes one request of a call fail, while it takes the hold and
// while it gives it back.
func TestDoAtEveryRequest(t *testing.T) {
	for name, make := range held {
		t.Run(name, func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := make(m.a, m.path), make(m.b, m.path)
				called, lost := false, false
				err := m.during(ctx, func(ctx context.Context) error {
					return a.Do(ctx, func(ctx context.Context) error {
						called = true
						select {
						case <-ctx.Done():
							lost = errors.Is(context.Cause(ctx), ErrLost)
						case <-time.After(3*fakeTimeout/2 + fakeTimeout/50): // not at the time of a heartbeat
						}
						return nil
					})
				})
				switch {
				case !called:
					m.settled(t, "do", err)
				case lost != errors.Is(err, ErrLost) && !m.expires(): // the loss may come after f has returned
					t.Errorf("lost %v, but %v", lost, err)
				case err != nil && !errors.Is(err, ErrLost):
					t.Errorf("f was called: %v", err)
				}
				must(t, a.Close(ctx))
				must(t, b.Do(ctx, func(context.Context) error { return nil }))
				must(t, b.Close(ctx))
				m.empty(t)
			})
		})
	}
}

// doing runs f under each kind of hold, and passes its error to check.
func doing(t *testing.T, f func(ctx context.Context, t *testing.T, tr *tree, c *fake, d does) error, check func(t *testing.T, err error)) {
	t.Helper()
	for name, make := range held {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTree()
				c, cl := tr.connect(t, fakeTimeout)
				d := make(cl, "/do")
				check(t, d.Do(t.Context(), func(ctx context.Context) error { return f(ctx, t, tr, c, d) }))
				if d.Session() != 0 {
					t.Error("still held")
				}
				must(t, d.Close(t.Context()))
				if left := tr.children("/do"); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				must(t, cl.Close(t.Context()))
			})
		})
	}
}

var errOwn = errors.New("f's own")

func TestDoGivesTheErrorOfF(t *testing.T) {
	doing(t, func(context.Context, *testing.T, *tree, *fake, does) error { return errOwn }, func(t *testing.T, err error) {
		if err != errOwn {
			t.Errorf("got %v", err)
		}
	})
}

func TestDoIsToldOfExpiry(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, _ *tree, c *fake, _ does) error {
		if ctx.Err() != nil {
			t.Errorf("lost before it was: %v", context.Cause(ctx))
		}
		c.expire()
		<-ctx.Done()
		if cause := context.Cause(ctx); cause != ErrLost {
			t.Errorf("cause %v", cause)
		}
		return errOwn
	}, func(t *testing.T, err error) {
		if !errors.Is(err, ErrLost) || !errors.Is(err, errOwn) || isWithoutEffect(err) {
			t.Errorf("got %v", err)
		}
	})
}

// TestDoIsToldOfSilence checks that f is told when no server has answered for a timeout.
func TestDoIsToldOfSilence(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, _ *tree, c *fake, _ does) error {
		began := time.Now()
		c.fail(func(string, string) fault { return silence })
		<-ctx.Done()
		if took := time.Since(began); took > fakeTimeout {
			t.Errorf("told after %v", took)
		}
		c.fail(nil)
		close(c.spoken)
		return nil
	}, func(t *testing.T, err error) {
		if !errors.Is(err, ErrLost) {
			t.Errorf("got %v", err)
		}
	})
}

// TestDoIsToldOfRemoval makes another client remove the contender, and f return before
// the watch has fired.
func TestDoIsToldOfRemoval(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, tr *tree, _ *fake, _ does) error {
		for _, name := range tr.children("/do") {
			tr.mu.Lock()
			tr.remove("/do/" + name)
			tr.mu.Unlock()
		}
		return nil
	}, func(t *testing.T, err error) {
		if !errors.Is(err, ErrLost) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDoEndsWithClose(t *testing.T) {
	doing(t, func(ctx context.Context, t *testing.T, _ *tree, _ *fake, d does) error {
		must(t, d.Close(t.Context())) // the context of f ends with it
		<-ctx.Done()
		return nil
	}, func(t *testing.T, err error) {
		if !errors.Is(err, ErrLost) {
			t.Errorf("got %v", err)
		}
	})
}

// TestDoAfterTheCallerHasGivenUp has the caller give up while f is at work: f's success
// counts, and the hold is given back.
func TestDoAfterTheCallerHasGivenUp(t *testing.T) {
	for name, make := range held {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTree()
				_, cl := tr.connect(t, fakeTimeout)
				d := make(cl, "/do")
				ctx, cancel := context.WithCancel(t.Context())
				err := d.Do(ctx, func(ctx context.Context) error {
					cancel()
					<-ctx.Done()
					if cause := context.Cause(ctx); cause != context.Canceled {
						t.Errorf("cause %v", cause)
					}
					return nil
				})
				must(t, err)
				must(t, d.Close(t.Context()))
				if left := tr.children("/do"); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				must(t, cl.Close(t.Context()))
			})
		})
	}
}

// TestDoGivesBackAfterAPanic makes f panic, and makes it end its goroutine.
func TestDoGivesBackAfterAPanic(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("f") }, "exit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTree()
				_, cl := tr.connect(t, fakeTimeout)
				l := NewLock(cl, "/do")
				var recovered any
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { recovered = recover() }()
					_ = l.Do(t.Context(), func(context.Context) error { end(); return nil })
				}()
				<-done
				if name == "panic" && recovered != "f" {
					t.Errorf("recovered %v", recovered)
				}
				if left := tr.children("/do"); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				must(t, l.Lock(t.Context()))
				must(t, l.Close(t.Context()))
				must(t, cl.Close(t.Context()))
			})
		})
	}
}

// TestDoWhereFGivesBack makes f itself give the hold back, and take it again.
func TestDoWhereFGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		l := NewLock(cl, "/do")
		must(t, l.Do(t.Context(), l.Unlock))
		must(t, l.Do(t.Context(), func(ctx context.Context) error {
			if err := l.Do(ctx, func(context.Context) error { return nil }); !errors.Is(err, ErrHeld) || !isWithoutEffect(err) {
				t.Errorf("do within do: %v", err)
			}
			must(t, l.Unlock(ctx))
			return l.Lock(ctx)
		}))
		if l.Session() == 0 {
			t.Error("what f took is not held")
		}
		must(t, l.Close(t.Context()))
		must(t, cl.Close(t.Context()))
	})
}
