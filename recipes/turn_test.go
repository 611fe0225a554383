package recipes

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Those who wait for the same connection go on at moments of their own, in the order in
// which they were asked for: timers that are due at one instant fire in any order.
func TestWaitersGoOnInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiters = 8
		tr := newTree()
		f, s := tr.connect(t, fakeTimeout)
		f.connected(false)
		var mu sync.Mutex
		var order []int
		var moments []time.Time
		for i := range waiters {
			ctx := s.withTurn(t.Context())
			go func() {
				_, err := s.awaitSession(ctx)
				if err != nil {
					t.Error(err)
				}
				var b backoff
				b.pause(ctx)
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
		must(t, s.Close(t.Context()))
	})
}

// What goes on in the background, and who only watches, has a turn, too.
func TestWatchersGoOnInTurn(t *testing.T) {
	for name, begin := range map[string]func(ctx context.Context, t *testing.T, s *Session, path string){
		"members": func(ctx context.Context, t *testing.T, s *Session, path string) {
			must(t, NewGroup(s, path).Join(ctx, nil))
		},
		"terms": func(ctx context.Context, _ *testing.T, s *Session, path string) {
			e := NewElection(s, path, "")
			go func() {
				for range e.Terms(ctx) {
				}
			}()
		},
		"leader": func(ctx context.Context, _ *testing.T, s *Session, path string) {
			e := NewElection(s, path, "")
			go func() {
				time.Sleep(2 * fakeTimeout) // while there is no connection
				_, _ = e.Leader(ctx)
			}()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newTree().connect(t, fakeTimeout)
				paths := []string{"/a", "/b", "/c", "/d"}
				for _, path := range paths {
					begin(t.Context(), t, s, path)
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
				must(t, s.Close(t.Context()))
			})
		})
	}
}
