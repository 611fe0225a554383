package recipes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
)

// copyOf returns a cache's copy in one line: paths below the root, with their data.
func copyOf(c *Cache) string {
	var all []string
	for path, n := range c.All() {
		all = append(all, strings.TrimPrefix(path, c.r.Path)+"="+string(n.Data))
	}
	return strings.Join(all, " ")
}

// showsAsIs checks that a copy equals the tree.
func showsAsIs(t *testing.T, tr *tree, c *Cache) {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var want []string
	for _, path := range tr.paths() {
		if path == c.r.Path || strings.HasPrefix(path, c.r.Path+"/") {
			want = append(want, strings.TrimPrefix(path, c.r.Path)+"="+string(tr.nodes[path].data))
		}
	}
	if got := copyOf(c); got != strings.Join(want, " ") {
		t.Errorf("the copy is %q, want %q", got, strings.Join(want, " "))
	}
}

// change makes a change of another client to the tree: "path=data" creates or sets a
// znode, "path" deletes one.
func (tr *tree) change(steps ...string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, step := range steps {
		path, data, set := strings.Cut(step, "=")
		switch {
		case !set:
			_ = tr.delete(path, -1)
		case tr.nodes[path] == nil:
			_, _ = tr.create(path, []byte(data), 0, 0)
		default:
			_, _ = tr.set(path, []byte(data), -1)
		}
	}
}

// neverBack checks that the copy never shows an older state of a znode after a later one.
// It looks whenever there is news, until the test calls end.
func neverBack(ctx context.Context, t *testing.T, c *Cache) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		last := map[string]int64{}
		for change, err := range c.Changes(ctx) {
			if err != nil {
				return
			}
			if change.Is == nil {
				continue
			}
			if change.Is.Stat.Mzxid <= last[change.Path] {
				t.Errorf("%s: shown %#x after %#x", change.Path, change.Is.Stat.Mzxid, last[change.Path])
			}
			last[change.Path] = change.Is.Stat.Mzxid
		}
	}()
	return func() { cancel(); <-done }
}

// whatBecomes lists changes of the subtree /recipes/test, step by step.
var whatBecomes = [][]string{
	{"/recipes="},
	{"/recipes/test=root", "/recipes/test/a=1", "/recipes/test/b=1"},
	{"/recipes/test/a=2", "/recipes/test/a/x=1", "/recipes/test/a/y=1"},
	{"/recipes/test/a/x", "/recipes/test/a/y=2"},
	{"/recipes/test/a/y", "/recipes/test/a", "/recipes/test/a=3", "/recipes/test/a/y=3"},
	{"/recipes/test/a/y", "/recipes/test/a", "/recipes/test/b", "/recipes/test"},
	{"/recipes/test=again", "/recipes/test/b=4"},
}

// TestCacheAtEveryRequest follows a subtree through all kinds of changes, and checks that
// each step is known after a Sync.
func TestCacheAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		c := NewCache(m.a, m.path)
		end := neverBack(ctx, t, c)
		synctest.Wait()
		err := m.during(ctx, func(ctx context.Context) error {
			for _, steps := range whatBecomes {
				m.tr.change(steps...)
				if err := c.Sync(ctx); err != nil {
					return err
				}
				if m.f.behind == nil {
					showsAsIs(t, m.tr, c)
				}
			}
			return nil
		})
		m.settled(t, "sync", err)
		m.catchUp()
		for _, steps := range whatBecomes {
			m.tr.change(steps...)
		}
		must(t, c.Sync(ctx))
		showsAsIs(t, m.tr, c)
		end()
		must(t, c.Close(ctx))
	})
}

// TestCacheFollowsAtEveryRequest never calls Sync: watches, and looks at intervals in case
// these are lost, bring all changes.
func TestCacheFollowsAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		if m.cancels {
			m.cancels = false // no call is under way: the same as without a mishap
		}
		c := NewCache(m.a, m.path)
		must(t, c.Current(ctx))
		end := neverBack(ctx, t, c)
		must(t, m.during(ctx, func(context.Context) error {
			for _, steps := range whatBecomes {
				m.tr.change(steps...)
				synctest.Wait()
			}
			return nil
		}))
		m.catchUp()
		time.Sleep(2 * fakeTimeout)
		synctest.Wait()
		showsAsIs(t, m.tr, c)
		if c.State() != CacheCurrent {
			t.Errorf("the copy is %s", c.State())
		}
		end()
		must(t, c.Close(ctx))
	})
}

// cacheTest runs a test of one cache, of /top.
func cacheTest(t *testing.T, test func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache)) {
	stale(t, func(t *testing.T, tr *tree, _, cl *Client, f *fake, _ func()) {
		c := NewCache(cl, "/top")
		test(t.Context(), t, tr, f, c)
		must(t, c.Close(t.Context()))
	})
}

// TestCacheByWatches makes each kind of change, and calls no Sync: what is not changed is not
// read again.
func TestCacheByWatches(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		for i := range 100 {
			tr.change("/top=", fmt.Sprintf("/top/%02d=x", i))
		}
		must(t, c.Current(ctx))
		synctest.Wait()
		for _, step := range []string{"/top/50=y", "/top/50/z=1", "/top/50/z", "/top/51", "/top/51=new"} {
			requests := 0
			f.fail(func(string, string) fault { requests++; return fine })
			tr.change(step)
			synctest.Wait()
			f.fail(nil)
			showsAsIs(t, tr, c)
			if requests == 0 || requests > 6 {
				t.Errorf("%s took %d requests", step, requests)
			}
			if c.State() != CacheCurrent {
				t.Errorf("after %s, the copy is %s", step, c.State())
			}
		}
	})
}

// TestCacheBoundsItsRequests counts the requests that are under way at a time.
func TestCacheBoundsItsRequests(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		tr.change("/top=")
		for i := range 5 * cacheReads {
			tr.change(fmt.Sprintf("/top/%03d=x", i))
		}
		sent := 0
		f.fail(func(op, path string) fault {
			if strings.HasPrefix(path, "/top/") {
				sent++
				return silence
			}
			return fine
		})
		must(t, c.Start())
		synctest.Wait()
		if sent != cacheReads {
			t.Errorf("%d requests under way at a time, want %d", sent, cacheReads)
		}
		f.fail(nil)
		close(f.spoken)
		must(t, c.Current(ctx))
		showsAsIs(t, tr, c)
	})
}

// TestCacheWithoutItsEvents makes the servers forget all watches: the cache looks
// again.
func TestCacheWithoutItsEvents(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		tr.change("/top=", "/top/a=1", "/top/b=1")
		must(t, c.Current(ctx))
		synctest.Wait()
		tr.mu.Lock()
		clear(f.watches)
		tr.mu.Unlock()
		tr.change("/top/a=2", "/top/b", "/top/c=1")
		synctest.Wait()
		if copyOf(c) != "= /a=1 /b=1" {
			t.Errorf("the copy is %q without watches", copyOf(c))
		}
		must(t, c.Sync(ctx)) // this does not rely on watches
		showsAsIs(t, tr, c)
		tr.change("/top/a=3")
		time.Sleep(2 * fakeTimeout)
		showsAsIs(t, tr, c)
	})
}

// TestCacheNeverGoesBack makes sessions expire, and connects the next session to a
// server that lags.
func TestCacheNeverGoesBack(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		end := neverBack(ctx, t, c)
		defer end()
		tr.change("/top=", "/top/a=1", "/top/a/x=1")
		tr.mu.Lock()
		f.lag()
		past := f.behind
		f.behind = nil
		tr.mu.Unlock()
		tr.change("/top/a=2", "/top/a/x", "/top/b=1")
		must(t, c.Sync(ctx)) // the copy may have been complete before anything was there
		showsAsIs(t, tr, c)
		tr.mu.Lock()
		f.behind = past // until the next write of this client
		tr.mu.Unlock()
		f.expire()
		synctest.Wait()
		if got := copyOf(c); got != "= /a=2 /b=1" {
			t.Errorf("the copy went back to %q", got)
		}
		time.Sleep(2 * fakeTimeout)
		showsAsIs(t, tr, c)
	})
}

// TestCacheSaysWhenItIsCurrent loses the connection.
func TestCacheSaysWhenItIsCurrent(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		state := func(want CacheState) {
			t.Helper()
			if got := c.State(); got != want {
				t.Errorf("the copy is %s, want %s", got, want)
			}
		}
		state(CacheEmpty)
		must(t, c.Current(ctx))
		synctest.Wait()
		state(CacheCurrent)
		tr.change("/top=1")
		state(CacheBehind) // or current, if it has read the change by now: no other goroutine ran
		synctest.Wait()
		state(CacheCurrent)
		f.connected(false)
		state(CacheBehind)
		tr.change("/top=2")
		brief, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := c.Sync(brief); !errors.Is(err, context.DeadlineExceeded) || !isWithoutEffect(err) {
			t.Errorf("sync without a connection: %v", err)
		}
		if copyOf(c) != "=1" {
			t.Errorf("the copy is %q, want what it was", copyOf(c))
		}
		f.connected(true)
		must(t, c.Sync(ctx))
		synctest.Wait()
		state(CacheCurrent)
		showsAsIs(t, tr, c)
	})
}

// silentOn makes requests of one kind, or on one path, stay without an answer.
func silentOn(op, path string) func(op, path string) fault {
	return func(o, p string) fault {
		if o == op || p == path {
			return silence
		}
		return fine
	}
}

// TestCacheCurrentWaitsForOneRound calls Current while everything is read for the first
// time.
func TestCacheCurrentWaitsForOneRound(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		tr.change("/top=1")
		f.fail(silentOn("", "/top"))
		must(t, c.Start())
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- c.Current(ctx) }()
		synctest.Wait()
		before := f.spoken
		f.spoken = make(chan struct{})
		f.fail(silentOn("multi", ""))
		close(before)
		synctest.Wait()
		select {
		case err := <-done:
			must(t, err)
			showsAsIs(t, tr, c)
		default:
			t.Errorf("the copy is %s, but Current waits", c.State())
		}
		f.fail(nil)
		close(f.spoken)
	})
}

// TestCacheIsBehindWhatItReads makes a server report a child while everything is read for
// a Sync.
func TestCacheIsBehindWhatItReads(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		tr.change("/top=")
		must(t, c.Current(ctx))
		synctest.Wait()
		f.fail(silentOn("multi", ""))
		done := make(chan error, 1)
		go func() { done <- c.Sync(ctx) }()
		synctest.Wait()
		tr.change("/top/a=1")
		before := f.spoken
		f.spoken = make(chan struct{})
		f.fail(silentOn("", "/top/a"))
		close(before)
		synctest.Wait()
		if got := c.State(); got != CacheBehind {
			t.Errorf("the copy is %s, and has no /top/a, of which it was told", got)
		}
		f.fail(nil)
		close(f.spoken)
		must(t, <-done)
		synctest.Wait()
		if got := c.State(); got != CacheCurrent {
			t.Errorf("after the Sync, the copy is %s", got)
		}
		showsAsIs(t, tr, c)
	})
}

// TestCacheReads calls every method that reads.
func TestCacheReads(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, _ *fake, c *Cache) {
		tr.change("/top=", "/top/b=2", "/top/a=1", "/top/a/x=3", "/topper=no")
		must(t, c.Current(ctx))
		n, ok := c.Get("/top/a/x")
		if !ok || string(n.Data) != "3" || n.Path != "/top/a/x" || n.Stat.Mzxid == 0 {
			t.Errorf("got %+v, %v", n, ok)
		}
		if _, ok := c.Get("/topper"); ok {
			t.Error("it has what is not below its root")
		}
		if names, ok := c.Children("/top"); !ok || !slices.Equal(names, []string{"a", "b"}) {
			t.Errorf("children %q, %v", names, ok)
		}
		if names, ok := c.Children("/top/c"); ok || names != nil {
			t.Errorf("children %q of what is not there, %v", names, ok)
		}
		for path := range c.All() {
			if path == "/top/a" {
				break
			}
		}
	})
}

// TestCacheChanges checks that changes tell what came and went, in an order that is
// possible for a tree.
func TestCacheChanges(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, _ *fake, c *Cache) {
		tr.change("/top=", "/top/a=1", "/top/a/x=1")
		must(t, c.Current(ctx))
		steps := []struct {
			change []string
			want   []string
		}{
			{nil, []string{"+/top", "+/top/a", "+/top/a/x"}},
			{[]string{"/top/a=2"}, []string{"~/top/a"}},
			{[]string{"/top/a/x", "/top/a", "/top"}, []string{"-/top/a/x", "-/top/a", "-/top"}},
			{[]string{"/top=", "/top/a=1"}, []string{"+/top", "+/top/a"}},
		}
		next := make(chan string)
		go func() {
			defer close(next)
			for change, err := range c.Changes(ctx) {
				switch {
				case err != nil:
					if !errors.Is(err, ErrClosed) || !isWithoutEffect(err) {
						t.Errorf("the last step: %v", err)
					}
				case change.Was == nil:
					next <- "+" + change.Path
				case change.Is == nil:
					next <- "-" + change.Path
				default:
					next <- "~" + change.Path
				}
			}
		}()
		for _, step := range steps {
			synctest.Wait()
			tr.change(step.change...)
			for _, want := range step.want {
				if got := <-next; got != want {
					t.Errorf("told %s, want %s", got, want)
				}
			}
		}
		must(t, c.Close(ctx))
		for got := range next {
			t.Errorf("told %s after the end", got)
		}
	})
}

// TestCacheRefused follows a tree of which the client may not read a part.
func TestCacheRefused(t *testing.T) {
	cacheTest(t, func(ctx context.Context, t *testing.T, tr *tree, f *fake, c *Cache) {
		tr.change("/top=", "/top/a=1")
		f.fail(func(_, path string) fault {
			if path == "/top/a" {
				return refused
			}
			return fine
		})
		for _, call := range []func(context.Context) error{c.Current, c.Sync} {
			if err := call(ctx); !errors.Is(err, zk.ErrNoAuth) || !isWithoutEffect(err) {
				t.Errorf("got %v, want what the server refused", err)
			}
		}
		if c.State() == CacheCurrent {
			t.Error("current without what cannot be read")
		}
		f.fail(nil)
		must(t, c.Sync(ctx))
		showsAsIs(t, tr, c)
		must(t, c.Close(ctx))
		must(t, c.Close(ctx))
		for _, err := range []error{c.Start(), c.Current(ctx), c.Sync(ctx)} {
			if !errors.Is(err, ErrClosed) || !isWithoutEffect(err) {
				t.Errorf("after Close: %v", err)
			}
		}
		if copyOf(c) != "= /a=1" || c.State() == CacheCurrent {
			t.Errorf("after Close, the copy is %q and %s", copyOf(c), c.State())
		}
	})
}

// TestCacheRefusesTooMany has more znodes than there is room for.
func TestCacheRefusesTooMany(t *testing.T) {
	c := &Cache{r: &calls.Recipe{Path: "/top"}, copy: map[string]*cached{}, news: make(chan struct{})}
	for i := range MaxCached {
		path := fmt.Sprintf("/top/%d", i)
		if _, err := c.keep(&cached{Znode: Znode{Path: path}}, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.keep(&cached{Znode: Znode{Path: "/top/more"}}, false); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if _, err := c.keep(&cached{Znode: Znode{Path: "/top/1"}}, false); err != nil {
		t.Errorf("one of them again: %v", err)
	}
	if n := len(slices.Collect(maps.Keys(c.copy))); n != MaxCached {
		t.Errorf("%d znodes", n)
	}
}

// TestCacheSyncGivenUpAsksNoMore checks that no round serves a call that has given up, however
// many calls give up before there is one.
func TestCacheSyncGivenUpAsksNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cl := newTree().connect(t, fakeTimeout)
		c := NewCache(cl, "/cache")
		c.begun = true // set by this test, so that no round ends
		patient := make(chan error, 1)
		go func() { patient <- c.Sync(t.Context()) }()
		synctest.Wait()
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan error, 1)
			go func() { got <- c.Sync(ctx) }()
			synctest.Wait()
			cancel()
			if err := <-got; !errors.Is(err, context.Canceled) {
				t.Errorf("gave up: %v", err)
			}
		}
		if n := len(c.pending().asked); n != 1 {
			t.Errorf("%d wait for a round, of 1", n)
		}
		c.answer(c.pending().asked, nil)
		if err := <-patient; err != nil {
			t.Error(err)
		}
		must(t, c.Close(t.Context()))
		must(t, cl.Close(t.Context()))
	})
}

// TestCacheSyncHasItsOwnAnswer makes the next round end before a Sync has looked at its
// answer.
func TestCacheSyncHasItsOwnAnswer(t *testing.T) {
	for range 200 { // as often as it takes until the waiting call is late
		synctest.Test(t, func(t *testing.T) {
			_, cl := newTree().connect(t, fakeTimeout)
			c := NewCache(cl, "/cache")
			c.begun = true // set by this test
			for _, want := range []error{nil, zk.ErrNoAuth} {
				next := zk.ErrNoAuth
				if want != nil {
					next = nil
				}
				got := make(chan error, 1)
				go func() { got <- c.Sync(t.Context()) }()
				synctest.Wait()
				c.answer(c.pending().asked, want)
				c.answer(c.pending().asked, next)
				if err := <-got; !errors.Is(err, want) {
					t.Errorf("answered %v, got %v", want, err)
				}
			}
			must(t, c.Close(t.Context()))
			must(t, cl.Close(t.Context()))
		})
	}
}
