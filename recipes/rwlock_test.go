package recipes

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// reading has the calls of a reader under the names that tests of all holds use.
type reading struct{ *RWLock }

func (r reading) Do(ctx context.Context, f func(context.Context) error) error { return r.RDo(ctx, f) }

// acquiring is a way to take the lock.
var acquiring = map[string]func(*RWLock, context.Context) error{"read": (*RWLock).RLock, "write": (*RWLock).Lock}

// TestRWLockAtEveryRequest takes the lock while a reader has it.
func TestRWLockAtEveryRequest(t *testing.T) {
	for mode, take := range acquiring {
		t.Run(mode, func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := NewRWLock(m.a, m.path), NewRWLock(m.b, m.path)
				must(t, b.RLock(ctx))
				given := time.AfterFunc(time.Second, func() {
					m.catchUp()
					must(t, b.Unlock(ctx))
				})
				defer given.Stop()
				early := time.Now().Add(time.Second)
				err := m.during(ctx, func(ctx context.Context) error { return take(a, ctx) })
				m.settled(t, "lock", err)
				if err == nil && mode == "write" && time.Now().Before(early) {
					t.Error("a writer has it beside a reader")
				}
				if (err == nil) != (a.Fence() != 0) && !m.expires() {
					t.Errorf("%v, with token %d", err, a.Fence())
				}
				must(t, a.Close(ctx))
				synctest.Wait()
				must(t, b.Close(ctx))
				other := NewRWLock(m.b, m.path)
				must(t, other.Lock(ctx)) // no contender is in its way
				must(t, other.Close(ctx))
				m.empty(t)
			})
		})
	}
}

// TestDowngradeAtEveryRequest downgrades while a reader waits, and a writer behind it.
func TestDowngradeAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, r, w := NewRWLock(m.a, m.path), NewRWLock(m.b, m.path), NewRWLock(m.b, m.path)
		must(t, a.Lock(ctx))
		token := a.Fence()
		read, wrote := make(chan error, 1), make(chan error, 1)
		go func() { read <- r.RLock(ctx) }()
		synctest.Wait()
		go func() { wrote <- w.Lock(ctx) }()
		synctest.Wait()
		err := m.during(ctx, a.Downgrade)
		switch {
		case err != nil && isWithoutEffect(err):
			t.Errorf("it may have had an effect: %v", err)
		case err == nil:
		case m.expires() && !errors.Is(err, ErrLost), !m.expires() && m.fate != silence && !m.cancels:
			t.Error(err)
		}
		must(t, <-read) // even if the downgrade had to be done in the background
		if lost := await.Closed(a.Lost()); !lost && (a.Fence() != token || len(wrote) > 0) {
			t.Errorf("token %d, then %d; a writer got in: %v", token, a.Fence(), len(wrote) > 0)
		}
		must(t, a.Close(ctx))
		must(t, r.Unlock(ctx))
		must(t, <-wrote)
		must(t, r.Close(ctx))
		must(t, w.Close(ctx))
		m.empty(t)
	})
}

// TestRevokeAtEveryRequest revokes a lock that others hold to read.
func TestRevokeAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b, c := NewRWLock(m.a, m.path), NewRWLock(m.b, m.path), NewRWLock(m.b, m.path)
		must(t, b.RLock(ctx))
		must(t, c.RLock(ctx))
		err := m.during(ctx, a.Revoke)
		switch {
		case err == nil:
			<-b.Revoked()
			<-c.Revoked()
		case m.fate != silence && !m.cancels:
			t.Error(err)
		case isWithoutEffect(err):
			if synctest.Wait(); await.Closed(b.Revoked()) || await.Closed(c.Revoked()) {
				t.Errorf("it had an effect: %v", err)
			}
		}
		for _, l := range []*RWLock{a, b, c} {
			must(t, l.Close(ctx))
		}
		m.empty(t)
	})
}

// party holds read-write locks of clients that line up, one after the other.
type party struct{ *crowd[*RWLock] }

// newParty makes a writer for each w in modes, and a reader for each r.
func newParty(t *testing.T, modes string) party {
	p := party{newCrowd(t, len(modes), NewRWLock)}
	p.lineUp(func(i int, l *RWLock) error {
		return acquiring[map[byte]string{'r': "read", 'w': "write"}[modes[i]]](l, t.Context())
	})
	return p
}

func (p party) unlock(i int) {
	p.t.Helper()
	must(p.t, p.all[i].Unlock(p.t.Context()))
}

func TestRWLockIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "rrwrrwwr")
		p.have("at first", 0, 1)
		p.unlock(0)
		p.have("when one has given back", 1)
		p.unlock(1)
		p.have("when both have", 2)
		p.fakes[2].expire()
		p.have("when the writer has died", 3, 4)
		must(t, p.all[5].Close(t.Context())) // a client gives up
		p.unlock(4)
		p.unlock(3)
		p.have("when they have read", 6)
		p.unlock(6)
		p.have("in the end", 7)
		p.close()
	})
}

// TestRWLockDowngrades checks that readers get in, but none past a waiting writer.
func TestRWLockDowngrades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "wrrwrw")
		token := p.all[0].Fence()
		p.have("at first", 0)
		must(t, p.all[0].Downgrade(t.Context()))
		p.have("when it is downgraded", 0, 1, 2)
		must(t, p.all[0].Downgrade(t.Context())) // once more
		must(t, p.all[1].Downgrade(t.Context())) // the downgrade of a reader
		if p.all[0].Fence() != token {
			t.Errorf("token %d, then %d", token, p.all[0].Fence())
		}
		p.unlock(1)
		p.unlock(2)
		p.have("when those who came last have gone", 0)
		_, late := p.come()
		if locked, err := late.TryRLock(t.Context()); locked || err != nil {
			t.Errorf("a reader behind writers: %v, %v", locked, err)
		}
		p.unlock(0)
		p.have("when nobody reads", 3)
		p.unlock(3)
		p.have("then", 4)
		if locked, err := late.TryLock(t.Context()); locked || err != nil {
			t.Errorf("a writer behind others: %v, %v", locked, err)
		}
		p.unlock(4)
		p.have("at last", 5)
		p.unlock(5)
		if locked, err := late.TryLock(t.Context()); !locked || err != nil {
			t.Errorf("a writer alone: %v, %v", locked, err)
		}
		must(t, late.Downgrade(t.Context()))
		_, another := p.come()
		if locked, err := another.TryRLock(t.Context()); !locked || err != nil {
			t.Errorf("a reader behind one that was a writer: %v, %v", locked, err)
		}
		p.close()
	})
}

// TestRWLockCosts counts the requests of waiters, which must not grow with the number of
// contenders, and the clients that are woken.
func TestRWLockCosts(t *testing.T) {
	for _, readers := range []int{5, 30} {
		synctest.Test(t, func(t *testing.T) {
			p := newParty(t, "w"+strings.Repeat("r", readers)+"w")
			sent := make([]int, len(p.all))
			for i, f := range p.fakes {
				f.fail(func(op, _ string) fault {
					if op != "multi" { // not a holder's heartbeat
						sent[i]++
					}
					return fine
				})
			}
			step := func(what string, do func(), want func(i int) int) {
				t.Helper()
				clear(sent)
				do()
				synctest.Wait()
				for i, n := range sent {
					if n != want(i) {
						t.Errorf("%s, of %d readers: client %d sent %d requests, not %d", what, readers, i, n, want(i))
					}
				}
			}
			writer := len(p.all) - 1
			alone := func(who int) func(i int) int {
				return func(i int) int {
					if i == who {
						return 1 // the delete
					}
					return 0
				}
			}
			step("the writer gives back, whom all readers wait for", func() { p.unlock(0) }, alone(0))
			step("a reader gives back", func() { p.unlock(1) }, alone(1))
			step("the last reader gives back", func() { p.unlock(writer - 1) }, alone(writer-1))
			step("the one before it gives back", func() { p.unlock(writer - 2) }, func(i int) int {
				if i == writer { // the writer lists, and watches the next contender
					return 2
				}
				return alone(writer - 2)(i)
			})
			f, late := p.come()
			n := map[string]int{}
			f.fail(func(op, _ string) fault { n[op]++; return fine })
			go func() { _ = late.RLock(t.Context()) }()
			synctest.Wait()
			if n["create"] != 1 || n["getW"] != 2 || n["children"] != 1 || len(n) != 3 {
				t.Errorf("a reader that waits behind %d sent %v", readers, n)
			}
			p.close()
		})
	}
}

// TestRWLockRevocation checks that holders are asked, and waiters are not.
func TestRWLockRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "wrrwr")
		told := func(when string, want ...int) {
			t.Helper()
			p.are("have been asked", when, func(l *RWLock) bool { return l.Revoked() != nil && await.Closed(l.Revoked()) }, want)
		}
		told("at first")
		for range 2 { // asking twice does no harm
			must(t, p.all[3].Revoke(t.Context()))
			told("of a writer", 0)
		}
		must(t, p.all[0].Downgrade(t.Context())) // the request to release stays
		told("when it is downgraded", 0)
		p.have("when it is downgraded", 0, 1, 2)
		must(t, p.all[3].Revoke(t.Context()))
		told("of all readers", 0, 1, 2)
		p.have("although they were asked", 0, 1, 2)
		for i := range 3 {
			p.unlock(i)
		}
		p.have("when they have given back", 3)
		told("of the next one")
		p.close()
	})
}

// TestRWLockHearsWhatNoWatchTells loses the watch event of the request, as can happen
// during a reconnect.
func TestRWLockHearsWhatNoWatchTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "wr")
		f := p.fakes[0]
		f.tree.mu.Lock()
		clear(f.watches)
		f.tree.mu.Unlock()
		must(t, p.all[1].Revoke(t.Context()))
		began := time.Now()
		<-p.all[0].Revoked()
		if took := time.Since(began); took > 2*fakeTimeout {
			t.Errorf("told after %v", took)
		}
		p.unlock(0)
		p.have("then", 1)
		p.close()
	})
}

// TestRWLockIsAskedByHand writes the word as any tool can, together with words that mean
// nothing.
func TestRWLockIsAskedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "rw")
		names := p.tr.children(p.path)
		path := p.path + "/" + znodes.Nodes(names, kindRead)[0].Name
		for _, data := range []string{"", "unlocked", "\xff", "please unlock now"} {
			if await.Closed(p.all[0].Revoked()) {
				t.Errorf("asked before %q", data)
			}
			if _, err := p.fakes[1].Set(path, []byte(data), -1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(fakeTimeout)
		}
		<-p.all[0].Revoked()
		p.have("still", 0)
		p.close()
	})
}

// TestRWLockLeavesOthersAlone has persistent znodes that look like contenders ahead.
func TestRWLockLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		alike := []string{"/rw/" + someID + "-write-0000000000", "/rw/" + someID + "-read-0000000001"}
		for _, path := range append([]string{"/rw"}, alike...) {
			if _, err := f.Create(path, nil, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		l := NewRWLock(cl, "/rw")
		for _, take := range acquiring {
			must(t, take(l, t.Context()))
			must(t, l.Revoke(t.Context()))
			<-l.Revoked()
			must(t, l.Unlock(t.Context()))
		}
		for _, path := range alike {
			if data, _, err := f.Get(path); err != nil || len(data) > 0 {
				t.Errorf("%s holds %q, %v", path, data, err)
			}
		}
		must(t, l.Close(t.Context()))
	})
}

// TestRWLockUnderContention counts the clients that have the lock while sessions expire
// and requests get lost.
func TestRWLockUnderContention(t *testing.T) {
	const clients, turns = 7, 40
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "")
		var mu sync.Mutex
		readers, writers, most, grants := 0, 0, 0, 0
		change := func(r, w int) {
			mu.Lock()
			defer mu.Unlock()
			readers, writers, grants = readers+r, writers+w, grants+max(0, r)+max(0, w)
			if writers > 1 || writers > 0 && readers > 0 {
				t.Errorf("%d read and %d write", readers, writers)
			}
			most = max(most, readers)
		}
		for range clients {
			p.come()
		}
		contention{
			fakes: p.fakes, turns: turns,
			turn: func(ctx context.Context, i int, own *rand.Rand) error {
				if i == 0 && own.IntN(8) == 0 {
					defer p.fakes[i].expire()
				}
				stayIn := func(r, w int) {
					change(r, w)
					stayAs(i)
					change(-r, -w)
				}
				l, mode := p.all[i], own.IntN(4)
				if mode < 2 {
					return l.RDo(ctx, func(context.Context) error {
						stayIn(1, 0)
						return nil
					})
				}
				return l.Do(ctx, func(ctx context.Context) error {
					stayIn(0, 1)
					if mode == 2 {
						return nil
					}
					change(1, 0)
					defer change(-1, 0)
					if err := l.Downgrade(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
						return err
					}
					stayAs(i)
					return nil
				})
			},
		}.run(t)
		if most < 3 || grants < clients*turns/2 {
			t.Errorf("%d read at most, %d grants", most, grants)
		}
		p.close()
	})
}

// TestRWLockLinesUpAgain removes everything while one client holds and one waits.
func TestRWLockLinesUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParty(t, "wr")
		p.removeAll()
		must(t, <-p.got[1])
		<-p.all[0].Lost()
		if err := p.all[0].Downgrade(t.Context()); !errors.Is(err, ErrLost) {
			t.Errorf("downgrade of what is lost: %v", err)
		}
		p.have("when all was removed", 1)
		p.close()
	})
}

func TestRWLockMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewRWLock(cl, "/rw")
		refuses := refusing(t)
		refuses(l.Unlock(t.Context()), ErrNotHeld)
		refuses(l.Downgrade(t.Context()), ErrNotHeld)
		must(t, l.Revoke(t.Context())) // no holder is there
		if !await.Closed(l.Lost()) || l.Revoked() != nil {
			t.Error("Lost is open, or Revoked can close, although nothing is held")
		}
		must(t, l.RLock(t.Context()))
		if l.Session() != cl.ID() {
			t.Errorf("session %x, not %x", l.Session(), cl.ID())
		}
		refuses(l.RLock(t.Context()), ErrHeld)
		refuses(l.Lock(t.Context()), ErrHeld)
		_, err := l.TryLock(t.Context())
		refuses(err, ErrHeld)
		must(t, l.Unlock(t.Context()))
		must(t, l.Lock(t.Context()))
		f.fail(nth(1, "set", "", refused))
		if err := l.Downgrade(t.Context()); !errors.Is(err, zk.ErrNoAuth) || isWithoutEffect(err) {
			t.Errorf("a refused downgrade: %v", err)
		}
		must(t, l.Close(t.Context()))
		must(t, l.Close(t.Context()))
		refuses(l.Lock(t.Context()), ErrClosed)
		refuses(l.Unlock(t.Context()), ErrClosed)
		refuses(l.Downgrade(t.Context()), ErrClosed)
		refuses(l.Revoke(t.Context()), ErrClosed)
		bad := NewRWLock(cl, "no/slash")
		refuses(bad.RLock(t.Context()), zk.ErrInvalidPath)
		refuses(bad.Revoke(t.Context()), zk.ErrInvalidPath)
	})
}
