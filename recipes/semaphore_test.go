package recipes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

// TestSemaphoreAtEveryRequest acquires one of two leases while another client has one.
func TestSemaphoreAtEveryRequest(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("first %v", first), func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := NewSemaphore(m.a, m.path, 2), NewSemaphore(m.b, m.path, 2)
				if !first {
					must(t, b.Acquire(ctx))
				}
				err := m.during(ctx, a.Acquire)
				m.settled(t, "acquire", err)
				if (err == nil) != (a.Ticket() != 0) && !m.expires() {
					t.Errorf("%v, with ticket %d", err, a.Ticket())
				}
				if err == nil {
					if err := a.Release(ctx); err != nil && !errors.Is(err, ErrLost) {
						t.Errorf("release: %v", err)
					}
				}
				must(t, a.Close(ctx))
				if first {
					must(t, b.Acquire(ctx))
				}
				other := NewSemaphore(m.b, m.path, 2)
				must(t, other.Acquire(ctx)) // no contender is in its way
				must(t, other.Close(ctx))
				must(t, b.Close(ctx))
				m.empty(t)
			})
		})
	}
}

// TestSemaphoreWaitsAtEveryRequest waits for a lease, and gives it back.
func TestSemaphoreWaitsAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		holders := []*Semaphore{NewSemaphore(m.b, m.path, 2), NewSemaphore(m.b, m.path, 2)}
		for _, h := range holders {
			must(t, h.Acquire(ctx))
		}
		a := NewSemaphore(m.a, m.path, 2)
		given := time.AfterFunc(time.Second, func() {
			m.catchUp() // a real server does so sooner or later
			must(t, holders[1].Release(ctx))
		})
		defer given.Stop()
		early := time.Now().Add(time.Second)
		err := m.during(ctx, func(ctx context.Context) error {
			if err := a.Acquire(ctx); err != nil {
				return err
			}
			if time.Now().Before(early) {
				t.Error("a third one has one of two leases")
			}
			if err := a.Release(ctx); err != nil && !errors.Is(err, ErrLost) && !m.cancels && m.fate != silence {
				t.Errorf("release: %v", err)
			}
			return nil
		})
		m.settled(t, "acquire", err)
		must(t, a.Close(ctx))
		synctest.Wait()
		for _, h := range holders {
			must(t, h.Close(ctx))
		}
		m.empty(t)
	})
}

// newSemaphores returns the semaphores of several clients that line up.
func newSemaphores(t *testing.T, leases, clients int) *crowd[*Semaphore] {
	return newCrowd(t, clients, func(cl *Client, path string) *Semaphore { return NewSemaphore(cl, path, leases) })
}

// acquires returns how a client of a crowd lines up.
func acquires(ctx context.Context) func(int, *Semaphore) error {
	return func(_ int, s *Semaphore) error { return s.Acquire(ctx) }
}

// TestSemaphoreIsFair gives leases back out of order, and makes a waiter in the middle
// give up.
func TestSemaphoreIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSemaphores(t, 3, 9)
		c.lineUp(acquires(t.Context()))
		c.have("at first", 0, 1, 2)
		must(t, c.all[1].Release(t.Context()))
		c.have("when 1 has given back", 0, 2, 3)
		must(t, c.all[3].Release(t.Context()))
		c.have("when 3 has given back", 0, 2, 4)
		must(t, c.all[6].Close(t.Context()))
		if err := <-c.got[6]; !errors.Is(err, ErrClosed) {
			t.Errorf("6: %v", err)
		}
		c.have("when 6 has given up", 0, 2, 4)
		c.fakes[0].expire()
		c.have("when 0 has died", 2, 4, 5)
		must(t, c.all[5].Release(t.Context()))
		c.have("when 5 has given back", 2, 4, 7)
		for _, i := range []int{2, 4, 7} {
			must(t, c.all[i].Release(t.Context()))
		}
		c.have("in the end", 8)
		c.close()
	})
}

// TestSemaphoreCosts counts the requests of waiters, which must not grow with the number
// of contenders, and the clients that are woken.
func TestSemaphoreCosts(t *testing.T) {
	const leases = 3
	most := map[int]int{}
	for _, clients := range []int{10, 40} {
		synctest.Test(t, func(t *testing.T) {
			c := newSemaphores(t, leases, clients)
			sent := make([]map[string]int, clients)
			for i, f := range c.fakes {
				sent[i] = map[string]int{}
				f.fail(func(op, _ string) fault { sent[i][op]++; return fine })
			}
			c.lineUp(acquires(t.Context()))
			last := sent[clients-1]
			if last["create"] != 1 || last["getW"] != 1+leases || last["children"] != 1 || last["get"] != 1 || last["childrenW"] != 0 {
				t.Errorf("the last of %d sent %v", clients, last)
			}
			for i := range clients - leases {
				woken := make([]int, clients)
				for j := range clients {
					woken[j] = sent[j]["children"]
				}
				must(t, c.all[i].Release(t.Context()))
				synctest.Wait()
				n := 0
				for j := range clients {
					n += sent[j]["children"] - woken[j]
				}
				if n > leases {
					t.Errorf("of %d clients %d looked when one gave back", clients, n)
				}
				most[clients] = max(most[clients], n)
				if c.all[i+leases].Ticket() == 0 {
					t.Fatalf("%d has no lease", i+leases)
				}
			}
			for i := range sent {
				all := 0
				for _, n := range sent[i] {
					all += n
				}
				if all > 6+4*leases {
					t.Errorf("client %d of %d sent %v", i, clients, sent[i])
				}
			}
			c.close()
		})
	}
	if most[10] != most[40] {
		t.Errorf("how many look grows with the clients: %v", most)
	}
}

// TestSemaphoreUnderContention counts the clients that have a lease while sessions
// expire and requests get lost.
func TestSemaphoreUnderContention(t *testing.T) {
	const leases, clients, turns = 3, 8, 40
	synctest.Test(t, func(t *testing.T) {
		c := newSemaphores(t, leases, clients)
		var mu sync.Mutex
		inside, most, grants := 0, 0, 0
		change := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			inside += by
			if inside > leases {
				t.Errorf("%d have one of %d leases", inside, leases)
			}
			most = max(most, inside)
			grants += max(0, by)
		}
		contention{
			fakes: c.fakes, turns: turns,
			turn: func(ctx context.Context, i int, _ *rand.Rand) error {
				return c.all[i].Do(ctx, func(context.Context) error {
					change(1)
					stayAs(i)
					change(-1) // before the session expires: what a holder does later is not the semaphore's fault
					if i == 0 {
						c.fakes[i].expire()
					}
					return nil
				})
			},
		}.run(t)
		if most != leases || grants < clients*turns/2 {
			t.Errorf("%d at most, %d grants", most, grants)
		}
		c.close()
	})
}

// TestSemaphoreNumbersDiffer checks that the first client's number counts.
func TestSemaphoreNumbersDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		two, three := NewSemaphore(cl, "/s", 2), NewSemaphore(cl, "/s", 3)
		must(t, two.Acquire(t.Context()))
		if err := three.Acquire(t.Context()); !errors.Is(err, ErrOtherLeases) || !isWithoutEffect(err) || !strings.Contains(err.Error(), `"2", not 3`) {
			t.Errorf("three of two: %v", err)
		}
		if _, err := three.TryAcquire(t.Context()); !errors.Is(err, ErrOtherLeases) {
			t.Errorf("try: %v", err)
		}
		must(t, three.Close(t.Context()))
		if n := len(tr.children("/s")); n != 1 {
			t.Errorf("%d contenders", n)
		}
		must(t, two.Release(t.Context()))
		if _, err := f.Set("/s", []byte("\xff many"), -1); err != nil {
			t.Fatal(err)
		}
		if err := two.Acquire(t.Context()); !errors.Is(err, ErrOtherLeases) {
			t.Errorf("no number: %v", err)
		}
		must(t, two.Close(t.Context()))
		for _, n := range []int{0, -1, maxLeases + 1} {
			bad := NewSemaphore(cl, "/bad", n)
			_, try := bad.TryAcquire(t.Context())
			for _, err := range []error{bad.Acquire(t.Context()), try, bad.Do(t.Context(), nil)} {
				if !errors.Is(err, ErrLeases) || !isWithoutEffect(err) {
					t.Errorf("%d leases: %v", n, err)
				}
			}
		}
	})
}

// TestSemaphoreNumberIsAgreedOn makes clients meet at a znode that holds nothing.
func TestSemaphoreNumberIsAgreedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		var errs [2]error
		var wg sync.WaitGroup
		for i := range errs {
			_, cl := tr.connect(t, fakeTimeout)
			sem := NewSemaphore(cl, "/s", 2+i)
			wg.Go(func() {
				errs[i] = sem.Acquire(t.Context())
				must(t, sem.Close(t.Context()))
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("one of two different numbers must be refused: %v", errs)
		}
	})
}

// TestSemaphoreLinesUpAgain removes everything while one client holds and one waits.
func TestSemaphoreLinesUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSemaphores(t, 1, 2)
		c.lineUp(acquires(t.Context()))
		c.removeAll()
		must(t, <-c.got[1])
		<-c.all[0].Lost()
		c.have("when all was removed", 1)
		c.close()
	})
}

func TestSemaphoreMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		sem := NewSemaphore(cl, "/s", 2)
		refuses := refusing(t)
		refuses(sem.Release(t.Context()), ErrNotHeld)
		if !await.Closed(sem.Lost()) {
			t.Error("Lost is open although nothing is held")
		}
		must(t, sem.Acquire(t.Context()))
		if sem.Session() != cl.ID() {
			t.Errorf("session %x, not %x", sem.Session(), cl.ID())
		}
		refuses(sem.Acquire(t.Context()), ErrHeld)
		_, err := sem.TryAcquire(t.Context())
		refuses(err, ErrHeld)
		must(t, sem.Release(t.Context()))
		must(t, sem.Close(t.Context()))
		must(t, sem.Close(t.Context()))
		refuses(sem.Acquire(t.Context()), ErrClosed)
		refuses(sem.Release(t.Context()), ErrClosed)
		if err := NewSemaphore(cl, "no/slash", 1).Acquire(t.Context()); err == nil || !isWithoutEffect(err) {
			t.Errorf("bad path: %v", err)
		}
	})
}
