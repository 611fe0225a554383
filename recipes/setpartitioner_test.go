package recipes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

var fiveItems = []string{"c", "a", "e", "b", "d"}

// sharer is a member that acquires each new share until it must stop.
type sharer struct {
	*SetPartitioner
	has  []string // its present share
	done chan error
}

// shareIn returns a member that works, and gives back its share when that changes.
func shareIn(ctx context.Context, p *SetPartitioner) *sharer {
	s := &sharer{SetPartitioner: p, done: make(chan error, 1)}
	go func() {
		s.done <- p.DoEach(ctx, func(ctx context.Context, items []string) error {
			s.has = items
			<-ctx.Done()
			s.has = nil
			return nil
		})
	}()
	return s
}

// shared checks that the members have all items, in shares of equal size, once they are
// quiet.
func shared(t *testing.T, items []string, all ...*sharer) {
	t.Helper()
	var have []string
	least, most := len(items), 0
	for _, s := range all {
		have = append(have, s.has...)
		least, most = min(least, len(s.has)), max(most, len(s.has))
	}
	slices.Sort(have)
	if want := slices.Sorted(slices.Values(items)); !slices.Equal(have, want) || most-least > 1 {
		t.Errorf("have %v, want %v; from %d to %d each", have, want, least, most)
	}
}

// bareItems checks that no member, and no contender for an item, is left.
func (m *mishap) bareItems(t *testing.T) {
	t.Helper()
	left := m.tr.children(m.path + "/members")
	for _, item := range fiveItems {
		left = append(left, m.tr.children(m.path+"/items/"+item)...)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestSetPartitionerAcquiresAtEveryRequest makes one request of a member fail that is
// alone.
func TestSetPartitionerAcquiresAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewSetPartitioner(m.a, m.path, fiveItems), NewSetPartitioner(m.b, m.path, fiveItems)
		var items []string
		err := m.during(ctx, func(ctx context.Context) (err error) {
			items, err = a.Acquire(ctx)
			return err
		})
		m.settled(t, "acquire", err)
		if err == nil && len(items) != 5 || err != nil && items != nil {
			t.Errorf("items %v, %v", items, err)
		}
		all := 1 // the member that gave up is removed in the background
		if err == nil {
			if err := a.Leave(ctx); err != nil {
				t.Errorf("leave: %v", err)
			}
			all = 5
		}
		if items, err = b.Acquire(ctx); err != nil || len(items) < all {
			t.Errorf("the other one: %v, %v", items, err)
		}
		must(t, b.Close(ctx))
		must(t, a.Close(ctx))
		m.bareItems(t)
	})
}

// TestSetPartitionerSharesAtEveryRequest makes a member join another one, and one of its requests
// fail.
func TestSetPartitionerSharesAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewSetPartitioner(m.a, m.path, fiveItems), NewSetPartitioner(m.b, m.path, fiveItems)
		both, stop := context.WithCancel(ctx)
		other := shareIn(both, b)
		time.Sleep(fakeTimeout)
		synctest.Wait()
		shared(t, fiveItems, other)
		var one *sharer
		err := m.during(ctx, func(ctx context.Context) error {
			if m.cancels {
				one = shareIn(ctx, a)
				return <-one.done
			}
			one = shareIn(both, a)
			time.Sleep(3 * fakeTimeout)
			return nil
		})
		time.Sleep(3 * fakeTimeout)
		synctest.Wait()
		switch {
		case m.cancels:
			m.settled(t, "do each", err)
			shared(t, fiveItems, other)
		default:
			shared(t, fiveItems, one, other)
		}
		stop()
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.bareItems(t)
	})
}

// TestSetPartitionerLeavesAtEveryRequest has one request of a call to Leave fail.
func TestSetPartitionerLeavesAtEveryRequest(t *testing.T) {
	everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) {
		a, b := NewSetPartitioner(m.a, m.path, fiveItems), NewSetPartitioner(m.b, m.path, fiveItems)
		_, err := a.Acquire(ctx)
		must(t, err)
		err = m.during(ctx, a.Leave)
		if err != nil && m.fate != silence && !m.cancels || isWithoutEffect(err) {
			t.Errorf("leave: %v", err)
		}
		m.catchUp()
		if err == nil {
			items, err := b.Acquire(ctx)
			if err != nil || len(items) != 5 {
				t.Errorf("the other one has %v, %v", items, err)
			}
		}
		must(t, a.Close(ctx))
		must(t, b.Close(ctx))
		m.bareItems(t)
	})
}

// TestSetPartitionerAsManyMembersAsCome makes members come, and go in several ways: each time,
// those that are there share all items.
func TestSetPartitionerAsManyMembersAsCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		var all []*sharer
		var fakes []*fake
		var stops []func()
		quiet := func(but ...int) {
			t.Helper()
			time.Sleep(2 * fakeTimeout)
			synctest.Wait()
			var there []*sharer
			for i, s := range all {
				if !slices.Contains(but, i) {
					there = append(there, s)
				}
			}
			shared(t, fiveItems, there...)
		}
		for range 7 { // two stand by in the end
			f, cl := tr.connect(t, fakeTimeout)
			ctx, stop := context.WithCancel(t.Context())
			all = append(all, shareIn(ctx, NewSetPartitioner(cl, "/set", fiveItems)))
			fakes, stops = append(fakes, f), append(stops, stop)
			if len(all) <= len(fiveItems) {
				quiet()
			}
		}
		time.Sleep(fakeTimeout)
		synctest.Wait()
		var waits int
		for _, s := range all {
			if len(s.has) == 0 {
				waits++
			}
		}
		if waits != 2 {
			t.Errorf("%d stand by", waits)
		}
		stops[0]()
		if err := <-all[0].done; err != nil && !errors.Is(err, context.Canceled) { // the member may stand by
			t.Errorf("do each: %v", err)
		}
		must(t, all[1].Close(t.Context()))
		quiet(0, 1)
		fakes[2].expire() // the member comes again
		quiet(0, 1)
		must(t, all[3].Leave(t.Context()))
		quiet(0, 1, 3)
		for i, s := range all {
			stops[i]()
			must(t, s.Close(t.Context()))
		}
	})
}

// TestSetPartitionerTellsOfChanges acquires and gives back by hand.
func TestSetPartitionerTellsOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout)
		_, other := tr.connect(t, fakeTimeout)
		a, b := NewSetPartitioner(cl, "/set", fiveItems), NewSetPartitioner(other, "/set", fiveItems)
		_, err := a.Acquire(t.Context())
		must(t, err)
		if await.Closed(a.Changed()) || a.Fence() == 0 || a.Session() != cl.ID() {
			t.Errorf("holds nothing, or something else is due to it")
		}
		acquired := make(chan []string, 1)
		go func() {
			items, err := b.Acquire(t.Context())
			must(t, err)
			acquired <- items
		}()
		synctest.Wait()
		if !await.Closed(a.Changed()) || await.Closed(a.Lost()) || len(acquired) > 0 {
			t.Errorf("not told, or told something else")
		}
		must(t, a.Release(t.Context()))
		first, err := a.Acquire(t.Context())
		must(t, err)
		second := <-acquired
		if n := len(first); n != 2 && n != 3 || len(second) != 5-n {
			t.Errorf("shares are %v and %v", first, second)
		}
		if await.Closed(a.Changed()) || await.Closed(b.Changed()) {
			t.Errorf("something else is due")
		}
		f.expire()
		<-a.Lost()
		if err := a.Release(t.Context()); !errors.Is(err, ErrLost) {
			t.Errorf("release: %v", err)
		}
		time.Sleep(fakeTimeout)
		again, err := a.Acquire(t.Context())
		if err != nil || await.Closed(b.Changed()) && len(again)+len(second) == 5 && !slices.Equal(again, first) {
			t.Errorf("after an expiry: %v, %v", again, err)
		}
		must(t, a.Leave(t.Context()))
		synctest.Wait()
		if !await.Closed(b.Changed()) {
			t.Errorf("not told that the other one left")
		}
		for _, c := range []interface{ Close(context.Context) error }{a, b, cl, other} {
			must(t, c.Close(t.Context()))
		}
	})
}

// TestSetPartitionerIsExclusive makes members come, go and give up while requests get lost
// and sessions expire: no two members have the same item, and in the end the members
// together have all items.
func TestSetPartitionerIsExclusive(t *testing.T) {
	const clients, turns = 5, 30
	synctest.Test(t, func(t *testing.T) {
		tr, g := newTree(), &guarded{holder: map[string]int{}, token: map[string]int64{}}
		var fakes []*fake
		var all []*SetPartitioner
		for range clients {
			f, cl := tr.connect(t, fakeTimeout)
			fakes, all = append(fakes, f), append(all, NewSetPartitioner(cl, "/set", fiveItems))
		}
		grants := 0
		contention{
			fakes: fakes, turns: turns,
			turn: func(ctx context.Context, i int, own *rand.Rand) error {
				items, err := all[i].Acquire(ctx)
				if err != nil {
					return err
				}
				g.enter(t, i+1, all[i].Fence(), items)
				select {
				case <-all[i].Changed():
				case <-time.After(time.Duration(10+own.IntN(50)) * time.Millisecond):
				}
				g.leave(items)
				if i == 0 {
					fakes[i].expire()
				}
				g.mu.Lock()
				grants++
				g.mu.Unlock()
				if own.IntN(3) == 0 {
					return all[i].Leave(context.WithoutCancel(ctx))
				}
				return all[i].Release(context.WithoutCancel(ctx))
			},
		}.run(t)
		if grants < clients*turns/2 {
			t.Errorf("%d grants", grants)
		}
		var last []*sharer
		ctx, stop := context.WithCancel(t.Context())
		for _, p := range all {
			last = append(last, shareIn(ctx, p))
		}
		time.Sleep(3 * fakeTimeout)
		synctest.Wait()
		shared(t, fiveItems, last...)
		stop()
		for _, p := range all {
			must(t, p.Close(t.Context()))
		}
		for _, path := range append(fiveItems, "../members") {
			if left := tr.children(strings.Replace("/set/items/"+path, "/items/..", "", 1)); len(left) > 0 {
				t.Errorf("left behind at %s: %v", path, left)
			}
		}
	})
}

// TestSetPartitionerDoEachEnds makes f fail, panic, and return before its share
// changes.
func TestSetPartitionerDoEachEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		p := NewSetPartitioner(cl, "/set", fiveItems)
		for _, want := range []error{nil, errOwn} {
			err := p.DoEach(t.Context(), func(ctx context.Context, items []string) error {
				if token := Fence(ctx); token != p.Fence() || len(items) != 5 {
					t.Errorf("token %d of %v", token, items)
				}
				return want
			})
			if err != want {
				t.Errorf("got %v", err)
			}
		}
		func() {
			defer func() { _ = recover() }()
			_ = p.DoEach(t.Context(), func(context.Context, []string) error { panic("f") })
		}()
		must(t, p.Close(t.Context()))
		if left := tr.children("/set/members"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		must(t, cl.Close(t.Context()))
	})
}

func TestSetPartitionerMisuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		_, cl := tr.connect(t, fakeTimeout)
		many := func(n int, name string) (items []string) {
			for i := range n {
				items = append(items, fmt.Sprintf("%s%d", name, i))
			}
			return items
		}
		check := func(what string, p *SetPartitioner, want error) {
			t.Helper()
			_, err := p.Acquire(t.Context())
			for _, err := range []error{err, p.DoEach(t.Context(), nil)} {
				if !errors.Is(err, want) || !isWithoutEffect(err) {
					t.Errorf("%s: %v, want %v without effect", what, err, want)
				}
			}
			must(t, p.Close(t.Context()))
		}
		for what, items := range map[string][]string{
			"no item": nil, "an item twice": {"a", "b", "a"}, "a slash": {"a/b"}, "no name": {"a", ""}, "no znode": {".."},
			"too many": many(maxPaths+1, "i"),
		} {
			check(what, NewSetPartitioner(cl, "/set", items), ErrItems)
		}
		check("long paths", NewSetPartitioner(cl, "/set", many(maxPaths, strings.Repeat("m", 4096))), ErrTooLarge)
		closed := NewSetPartitioner(cl, "/set", fiveItems)
		must(t, closed.Close(t.Context()))
		check("closed", closed, ErrClosed)
		p := NewSetPartitioner(cl, "/set", fiveItems)
		if err := p.Release(t.Context()); !errors.Is(err, ErrNotHeld) || !isWithoutEffect(err) {
			t.Errorf("release at first: %v", err)
		}
		if err := p.Leave(t.Context()); !errors.Is(err, ErrNotJoined) || !isWithoutEffect(err) {
			t.Errorf("leave at first: %v", err)
		}
		if !await.Closed(p.Changed()) || !await.Closed(p.Lost()) {
			t.Error("something is held at first")
		}
		_, err := p.Acquire(t.Context())
		must(t, err)
		if _, err := p.Acquire(t.Context()); !errors.Is(err, ErrHeld) || await.Closed(p.Lost()) {
			t.Errorf("acquire while it holds: %v", err)
		}
		other := NewSetPartitioner(cl, "/set", fiveItems)
		waits := make(chan error, 1)
		go func() { _, err := other.Acquire(t.Context()); waits <- err }()
		synctest.Wait()
		must(t, other.Leave(t.Context()))
		if err := <-waits; !errors.Is(err, ErrNotJoined) || !isWithoutEffect(err) {
			t.Errorf("left while it waits: %v", err)
		}
		must(t, other.Close(t.Context()))
		must(t, p.Close(t.Context()))
	})
}
