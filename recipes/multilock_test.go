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

// two returns the paths of a test's multi-locks.
func (m *mishap) two() []string { return []string{m.path + "/x", m.path + "/y"} }

// bare checks that no contender is left at either path.
func (m *mishap) bare(t *testing.T) {
	t.Helper()
	for _, path := range m.two() {
		if left := m.tr.children(path); len(left) > 0 {
			t.Errorf("left behind on %s: %v", path, left)
		}
	}
}

// TestMultiLockAtEveryRequest locks two free paths.
func TestMultiLockAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewMultiLock(m.a, m.two()...), NewLock(m.b, m.two()[1])
		err := m.during(ctx, a.Lock)
		m.settled(t, "lock", err)
		if (err == nil) != (a.Fence() != 0) && !m.expires() {
			t.Errorf("%v, with token %d", err, a.Fence())
		}
		first := a.Fence()
		if err == nil {
			if err := a.Unlock(ctx); err != nil && !errors.Is(err, ErrLost) {
				t.Errorf("unlock: %v", err)
			}
		}
		must(t, b.Lock(ctx)) // no contender is in its way
		if b.Fence() <= first {
			t.Errorf("token %d behind %d", b.Fence(), first)
		}
		must(t, b.Close(ctx))
		must(t, a.Close(ctx))
		m.bare(t)
	})
}

// TestMultiLockGivesBackAtEveryRequest unlocks.
func TestMultiLockGivesBackAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewMultiLock(m.a, m.two()...), NewMultiLock(m.b, m.two()...)
		must(t, a.Lock(ctx))
		err := m.during(ctx, a.Unlock)
		if err != nil && !errors.Is(err, ErrLost) && !m.cancels && m.fate != silence {
			t.Errorf("unlock: %v", err)
		}
		if errors.Is(err, ErrLost) && (m.fate == lostReply || m.fate == lostReplyBehind) {
			t.Errorf("a lost reply is no lost hold: %v", err)
		}
		must(t, b.Lock(ctx))
		must(t, b.Close(ctx))
		must(t, a.Close(ctx))
		m.bare(t)
	})
}

// TestMultiLockWaitsAtEveryRequest makes a Lock hold one of the paths, and then the
// other.
func TestMultiLockWaitsAtEveryRequest(t *testing.T) {
	for held := range 2 {
		t.Run(fmt.Sprint(held), func(t *testing.T) {
			everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
				a, b := NewMultiLock(m.a, m.two()...), NewLock(m.b, m.two()[held])
				must(t, b.Lock(ctx))
				given := time.AfterFunc(time.Second, func() {
					m.catchUp() // a real server does so sooner or later
					must(t, b.Unlock(ctx))
				})
				defer given.Stop()
				early := time.Now().Add(time.Second)
				err := m.during(ctx, func(ctx context.Context) error {
					if err := a.Lock(ctx); err != nil {
						return err
					}
					if time.Now().Before(early) {
						t.Error("locked what b has")
					}
					if err := a.Unlock(ctx); err != nil && !errors.Is(err, ErrLost) && !m.cancels && m.fate != silence {
						t.Errorf("unlock: %v", err)
					}
					return nil
				})
				m.settled(t, "lock", err)
				must(t, a.Close(ctx))
				synctest.Wait()
				must(t, b.Close(ctx))
				m.bare(t)
			})
		})
	}
}

// TestMultiLockTriesAtEveryRequest tries while another client holds one of the two
// paths.
func TestMultiLockTriesAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewMultiLock(m.a, m.two()...), NewLock(m.b, m.two()[1])
		must(t, b.Lock(ctx))
		err := m.during(ctx, func(ctx context.Context) error {
			locked, err := a.TryLock(ctx)
			if locked {
				t.Error("locked what b has")
			}
			return err
		})
		m.settled(t, "try", err)
		if left := m.tr.children(m.two()[0]); err == nil && m.fate == fine && !m.cancels && len(left) > 0 {
			t.Errorf("still in line: %v", left)
		}
		if await.Closed(b.Lost()) {
			t.Error("b has lost it")
		}
		must(t, b.Close(ctx))
		must(t, a.Lock(ctx)) // nothing that the try left is in its way for ever
		must(t, a.Close(ctx))
		m.bare(t)
	})
}

// guarded records, for paths, which client holds them, and the highest token that was
// granted there.
type guarded struct {
	mu     sync.Mutex
	holder map[string]int
	token  map[string]int64
}

func (g *guarded) enter(t *testing.T, who int, token int64, paths []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, path := range paths {
		if other := g.holder[path]; other != 0 {
			t.Errorf("%d has %s, and so does %d", other, path, who)
		}
		if token <= g.token[path] {
			t.Errorf("%s: token %d behind %d", path, token, g.token[path])
		}
		g.holder[path], g.token[path] = who, token
	}
}

func (g *guarded) leave(paths []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, path := range paths {
		g.holder[path] = 0
	}
}

// TestMultiLockHasNoDeadlock makes clients lock sets of paths that overlap crosswise,
// and single paths by a Lock, while sessions expire and requests get lost.
func TestMultiLockHasNoDeadlock(t *testing.T) {
	const clients, turns = 8, 40
	all := []string{"/m/a", "/m/b", "/m/c", "/m/d"}
	synctest.Test(t, func(t *testing.T) {
		tr, g := newTree(), &guarded{holder: map[string]int{}, token: map[string]int64{}}
		var fakes []*fake
		var sessions []*Client
		for range clients {
			f, cl := tr.connect(t, fakeTimeout)
			fakes, sessions = append(fakes, f), append(sessions, cl)
		}
		grants := 0
		contention{
			fakes: fakes, turns: turns,
			turn: func(ctx context.Context, i int, own *rand.Rand) error {
				var paths []string
				for _, k := range own.Perm(len(all))[:1+own.IntN(3)] {
					paths = append(paths, all[k])
				}
				l := NewMultiLock(sessions[i], paths...)
				defer func() { must(t, l.Close(t.Context())) }()
				return l.Do(ctx, func(context.Context) error {
					g.enter(t, i+1, l.Fence(), paths)
					stayAs(i)
					g.leave(paths) // before the session expires: what a holder does later is not the lock's fault
					if i == 0 {
						fakes[i].expire()
					}
					g.mu.Lock()
					grants++
					g.mu.Unlock()
					return nil
				})
			},
		}.run(t)
		if grants < clients*turns/2 {
			t.Errorf("%d grants", grants)
		}
		for _, path := range all {
			if left := tr.children(path); len(left) > 0 {
				t.Errorf("left behind on %s: %v", path, left)
			}
		}
	})
}

// TestMultiLockKeepsItsPlaces makes a third client come for a path that is free, while
// another client waits for that path and one more: first come, first served.
func TestMultiLockKeepsItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		var got [3]chan error
		all := [][]string{{"/a"}, {"/b", "/a"}, {"/b", "/c"}}
		var locks []*MultiLock
		for i, paths := range all {
			_, cl := tr.connect(t, fakeTimeout)
			locks = append(locks, NewMultiLock(cl, paths...))
			got[i] = make(chan error, 1)
			go func() { got[i] <- locks[i].Lock(t.Context()) }()
			synctest.Wait()
		}
		for i := range locks {
			select {
			case err := <-got[i]:
				must(t, err)
			default:
				t.Fatalf("%d waits", i)
			}
			for _, later := range locks[i+1:] {
				if later.Fence() != 0 {
					t.Errorf("one has overtaken %d", i)
				}
			}
			must(t, locks[i].Unlock(t.Context()))
			synctest.Wait()
		}
		for _, l := range locks {
			must(t, l.Close(t.Context()))
		}
	})
}

// TestMultiLockIsLostAsAWhole removes one contender of a holder, and one of a waiter.
func TestMultiLockIsLostAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		l := NewMultiLock(cl, "/a", "/b")
		remove := func(path string, i int) {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			list, _ := tr.list(path)
			tr.remove(path + "/" + list.Names[i])
		}
		for _, path := range []string{"/a", "/b"} {
			must(t, l.Lock(t.Context()))
			remove(path, 0)
			<-l.Lost()
			synctest.Wait()
			if left := len(tr.children("/a")) + len(tr.children("/b")); left > 0 {
				t.Errorf("%d contenders are left", left)
			}
			if err := l.Unlock(t.Context()); !errors.Is(err, ErrLost) {
				t.Errorf("unlock: %v", err)
			}
		}
		_, other := tr.connect(t, fakeTimeout)
		b := NewLock(other, "/b")
		must(t, b.Lock(t.Context()))
		got := make(chan error, 1)
		go func() { got <- l.Lock(t.Context()) }()
		synctest.Wait()
		remove("/a", 0) // where it was already in front
		must(t, b.Unlock(t.Context()))
		must(t, <-got) // the waiter lined up again
		if len(tr.children("/a")) != 1 || len(tr.children("/b")) != 1 {
			t.Errorf("contenders: %v and %v", tr.children("/a"), tr.children("/b"))
		}
		for _, c := range []interface{ Close(context.Context) error }{l, b, cl, other} {
			must(t, c.Close(t.Context()))
		}
	})
}

// TestMultiLockCosts counts the requests for several free paths, of which one write
// locks and one unlocks, and those of a heartbeat.
func TestMultiLockCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		l := NewMultiLock(cl, "/a", "/b", "/c")
		must(t, l.Do(t.Context(), func(context.Context) error { return nil }))
		sent := map[string]int{}
		synctest.Wait() // for the monitors of the last hold
		f.fail(func(op, _ string) fault { sent[op]++; return fine })
		must(t, l.Lock(t.Context()))
		tr.mu.Lock()
		if fmt.Sprint(sent) != "map[children:3 getW:3 multi:1]" {
			t.Errorf("to lock: %v", sent)
		}
		clear(sent)
		tr.mu.Unlock()
		time.Sleep(fakeTimeout/6 + time.Millisecond) // the next heartbeat
		tr.mu.Lock()
		if fmt.Sprint(sent) != "map[multi:1]" {
			t.Errorf("a heartbeat: %v", sent)
		}
		clear(sent)
		tr.mu.Unlock()
		must(t, l.Unlock(t.Context()))
		f.fail(nil)
		if sent["multi"] != 1 || sent["delete"] != 0 {
			t.Errorf("to unlock: %v", sent)
		}
		must(t, l.Close(t.Context()))
	})
}

func TestMultiLockMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		many := func(n int, path string) (paths []string) {
			for i := range n {
				paths = append(paths, fmt.Sprintf("%s%d", path, i))
			}
			return paths
		}
		check := func(what string, l *MultiLock, want error) {
			t.Helper()
			_, try := l.TryLock(t.Context())
			for _, err := range []error{l.Lock(t.Context()), try, l.Do(t.Context(), nil)} {
				if err == nil || want != nil && !errors.Is(err, want) || !isWithoutEffect(err) {
					t.Errorf("%s: %v, want %v without effect", what, err, want)
				}
			}
			must(t, l.Close(t.Context()))
		}
		check("no path", NewMultiLock(cl), ErrPaths)
		check("too many paths", NewMultiLock(cl, many(maxPaths+1, "/m")...), ErrPaths)
		check("long paths", NewMultiLock(cl, many(maxPaths, "/"+strings.Repeat("m", 4096))...), ErrTooLarge)
		check("a path that is none", NewMultiLock(cl, "/a", "b"), nil)
		closed := NewMultiLock(cl, "/a", "/b")
		must(t, closed.Close(t.Context()))
		check("closed", closed, ErrClosed)
		l := NewMultiLock(cl, "/a", "/b", "/a")
		if err := l.Unlock(t.Context()); !errors.Is(err, ErrNotHeld) || !isWithoutEffect(err) {
			t.Errorf("unlock at first: %v", err)
		}
		must(t, l.Lock(t.Context())) // a path that is named twice does not wait for itself
		if n := len(tr.children("/a")); n != 1 || l.Session() != cl.ID() {
			t.Errorf("%d contenders, session %x", n, l.Session())
		}
		if err := l.Lock(t.Context()); !errors.Is(err, ErrHeld) {
			t.Errorf("lock while held: %v", err)
		}
		must(t, l.Close(t.Context()))
		must(t, NewMultiLock(cl, many(maxPaths, "/m")...).Do(t.Context(), func(context.Context) error { return nil }))
	})
}
