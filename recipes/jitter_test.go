package recipes

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/recipes/internal/client"
)

// Calls that wait for the same connection continue at different times, in the order in which they
// were made: timers that are due at one instant fire in any order.
func TestWaitersHaveJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiters = 8
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		f.connected(false)
		var mu sync.Mutex
		var order []int
		var moments []time.Time
		for i := range waiters {
			ctx := cl.client.WithJitter(t.Context())
			go func() {
				_, err := cl.client.AwaitSession(ctx)
				if err != nil {
					t.Error(err)
				}
				var b client.Backoff
				b.Pause(ctx)
				mu.Lock()
				defer mu.Unlock()
				order, moments = append(order, i), append(moments, time.Now())
			}()
		}
		synctest.Wait()
		f.connected(true)
		time.Sleep(time.Second)
		synctest.Wait()
		for i, who := range order {
			if who != i || i > 0 && !moments[i].After(moments[i-1]) {
				t.Errorf("went on as %v, at %v", order, moments)
				break
			}
		}
		if len(order) != waiters {
			t.Errorf("%d of %d went on", len(order), waiters)
		}
	})
}

// If no one asks for jitter, as in a program, no wait is longer than necessary.
func TestNobodyWaitsLongerInAProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := newTree().connect(t, fakeTimeout, withJitter(false))
		l := NewLock(c, "/x")
		must(t, l.Lock(t.Context()))
		time.Sleep(fakeTimeout)
		z, err := c.client.Begin(t.Context())
		must(t, err)
		f.connected(false)
		contact := z.LastContact()
		<-l.Lost()
		if lasted := time.Since(contact); lasted != fakeTimeout {
			t.Errorf("the hold lasted %v without an answer, not %v", lasted, fakeTimeout)
		}
		for range 5 {
			began := time.Now()
			ctx := c.client.WithJitter(t.Context())
			new(client.Backoff).Pause(ctx)
			if waited := time.Since(began); waited != waited.Truncate(time.Millisecond) {
				t.Errorf("a pause took %v", waited)
			}
		}
		f.connected(true)
		must(t, l.Close(t.Context()))
	})
}

// A client that is made while jitter is wanted has jitter. (Other tests want it at the same time,
// so a test of package jitter checks that no program wants it.)
func TestJitterIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer jitter.Begin()()
		f, _ := newTree().connect(t, fakeTimeout)
		c := clientOf(f, nil, fakeTimeout)
		if !c.options.Jitter {
			t.Error("it has no jitter")
		}
		must(t, c.Close(t.Context()))
	})
}

// Background tasks and calls that only watch also have jitter.
func TestWatchersHaveJitter(t *testing.T) {
	for name, begin := range map[string]func(ctx context.Context, t *testing.T, cl *Client, path string){
		"members": func(ctx context.Context, t *testing.T, cl *Client, path string) {
			must(t, NewGroup(cl, path).Join(ctx, nil))
		},
		"terms": func(ctx context.Context, _ *testing.T, cl *Client, path string) {
			e := NewElection(cl, path, "")
			go func() {
				for range e.Terms(ctx) {
				}
			}()
		},
		"leader": func(ctx context.Context, _ *testing.T, cl *Client, path string) {
			e := NewElection(cl, path, "")
			go func() {
				time.Sleep(2 * fakeTimeout) // while there is no connection
				_, _ = e.Leader(ctx)
			}()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, cl := newTree().connect(t, fakeTimeout)
				paths := []string{"/a", "/b", "/c", "/d"}
				for _, path := range paths {
					begin(t.Context(), t, cl, path)
				}
				synctest.Wait()
				f.connected(false)
				f.expire()
				first := make(map[string]time.Time)
				f.fail(func(_, asked string) fault {
					for _, path := range paths {
						if _, ok := first[path]; !ok && strings.HasPrefix(asked, path) {
							first[path] = time.Now()
						}
					}
					return fine
				})
				time.Sleep(3 * fakeTimeout)
				f.connected(true)
				time.Sleep(fakeTimeout)
				f.fail(nil)
				at := make(map[time.Time]bool)
				for _, moment := range first {
					at[moment] = true
				}
				if len(at) != len(paths) {
					t.Errorf("went on at %d moments, not %d: %v", len(at), len(paths), first)
				}
			})
		})
	}
}

// withoutJitter removes the jitter of a few waits from a time.
func withoutJitter(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// The holds of one session depend on the same last contact with a quorum. Their monitors find
// out at different times that the contact was too long ago.
func TestMonitorsHaveJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		var mu sync.Mutex
		lost := map[time.Time]bool{}
		var all sync.WaitGroup
		var locks []*Lock
		for i := range 5 {
			l := NewLock(cl, fmt.Sprint("/lock", i))
			must(t, l.Lock(t.Context()))
			locks = append(locks, l)
			all.Go(func() {
				<-l.Lost()
				mu.Lock()
				defer mu.Unlock()
				lost[time.Now()] = true
			})
		}
		f.connected(false)
		all.Wait()
		if len(lost) != len(locks) {
			t.Errorf("%d holds were lost at %d moments", len(locks), len(lost))
		}
		f.connected(true)
		for _, l := range locks {
			must(t, l.Close(t.Context()))
		}
	})
}

// Calls that wait for items with the same due time look again at different times.
func TestTakesHaveJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cl := newTree().connect(t, fakeTimeout)
		due := time.Now().Add(time.Second)
		const takers = 4
		var all sync.WaitGroup
		for i := range takers {
			q := NewDelayQueue(cl, fmt.Sprint("/queue", i))
			must(t, q.Put(t.Context(), due, []byte{byte(i)}))
			all.Go(func() {
				_, err := q.Take(t.Context())
				must(t, err)
			})
		}
		synctest.Wait()
		var mu sync.Mutex
		looked := map[time.Time]bool{}
		f.fail(func(string, string) fault {
			mu.Lock()
			defer mu.Unlock()
			looked[time.Now()] = true
			return fine
		})
		all.Wait()
		if len(looked) != takers {
			t.Errorf("%d takers looked at %d moments", takers, len(looked))
		}
	})
}
